import Core
import Storage

/// The preferences of one client as a form for staff: what stands in its fields, what they mean, and what is wrong with them.
struct StaffPreferencesForm: Sendable {
    /// As typed.
    var channels: [String]
    var optOuts: ChannelSet
    var marketingRefused: ChannelSet
    var topicsRefused: Set<String>
    /// Those that the form has a box for; what holds for the others stays.
    private var topicsShown: Set<String> = []
    var timezone: String
    var quietHoursStart: String
    var quietHoursEnd: String
    var language: String
    /// What is wrong, by field.
    var errors: [String: String] = [:]

    /// What holds now.
    init(_ preferences: Preferences) {
        channels = preferences.preferredChannels.map(\.rawValue)
        optOuts = preferences.optOuts
        marketingRefused = preferences.marketing.refused
        topicsRefused = Set(preferences.topicsRefused)
        timezone = preferences.timezone
        quietHoursStart = preferences.quietHoursStart.text
        quietHoursEnd = preferences.quietHoursEnd.text
        language = preferences.language
    }

    /// What was sent.
    ///
    /// - Throws: ``ValidationError`` for fields that the form does not have.
    init(_ form: Query, topics: [Topic]) throws(ValidationError) {
        var form = form
        channels = Self.channelFields.compactMap { form.string($0, maxLength: 20) }
        func ticked(_ prefix: String) -> ChannelSet {
            Channel.allCases.reduce(into: []) { set, channel in
                if form.string("\(prefix)_\(channel.rawValue)", maxLength: 3) != nil { set.formUnion(ChannelSet(channel)) }
            }
        }
        optOuts = ticked("opt_out")
        marketingRefused = ticked("no_marketing")
        // Boxes are ticked for what they receive, as people read them. A topic that came after the form was shown has no box in it.
        topicsShown = Set((form.string("shown_topics", maxLength: 8_000) ?? "").split(separator: ",").map(String.init))
        topicsRefused = Set(topics.map(\.name).filter { form.string("topic_\($0)", maxLength: 3) == nil }).intersection(topicsShown)
        timezone = form.string("timezone", maxLength: 64) ?? ""
        quietHoursStart = form.string("quiet_hours_start", maxLength: 8) ?? ""
        quietHoursEnd = form.string("quiet_hours_end", maxLength: 8) ?? ""
        language = form.string("language_preference", maxLength: 35) ?? ""
        try form.finish()
    }

    static let channelFields = ["channel_1", "channel_2", "channel_3"]

    /// The change that the fields ask for against what holds; nil with ``errors`` where something is wrong.
    mutating func update(of now: Preferences, isTimeZone: (String) -> Bool) -> PreferencesUpdate? {
        errors = [:]
        let wanted = channels.compactMap(Channel.init(rawValue:))
        if wanted.isEmpty { errors["channel_1"] = "Choose at least one channel." }
        if Set(wanted).count < wanted.count { errors["channel_1"] = "Each channel can be chosen once." }
        if wanted.count < channels.count { errors["channel_1"] = "There is no such channel." }
        if !isTimeZone(timezone) { errors["timezone"] = "There is no such time zone. Names look like Europe/Berlin." }
        let (start, end) = (LocalTime(quietHoursStart), LocalTime(quietHoursEnd))
        if start == nil { errors["quiet_hours_start"] = "Must be a time of day such as 22:00." }
        if end == nil { errors["quiet_hours_end"] = "Must be a time of day such as 08:00." }
        if ClientFields.languageTag(language) != nil { errors["language_preference"] = "Must be a language tag such as en or pt-BR." }
        guard errors.isEmpty else { return nil }
        let refused = topicsRefused.union(Set(now.topicsRefused).subtracting(topicsShown))
        return PreferencesUpdate(
            preferredChannels: wanted == now.preferredChannels ? nil : wanted, timezone: timezone == now.timezone ? nil : timezone,
            quietHoursStart: start == now.quietHoursStart ? nil : start, quietHoursEnd: end == now.quietHoursEnd ? nil : end,
            optOutEmail: change(optOuts, now.optOuts, .email), optOutSMS: change(optOuts, now.optOuts, .sms),
            optOutWhatsApp: change(optOuts, now.optOuts, .whatsapp), language: language == now.language ? nil : language,
            marketing: marketing(now.marketing),
            topicsRefused: refused == Set(now.topicsRefused) ? nil : refused.sorted())
    }

    /// Nil where the box stands as before: a value that nobody touched is not stated.
    private func change(_ ticked: ChannelSet, _ before: ChannelSet, _ channel: Channel) -> Bool? {
        let isTicked = ticked.contains(channel)
        return isTicked == before.contains(channel) ? nil : isTicked
    }

    /// Staff take a refusal down, and may take it back. They can not agree for somebody: a grant needs its wording (`POST /api/crm/consent`).
    private func marketing(_ now: MarketingConsent) -> [Channel: MarketingConsent.State] {
        var states: [Channel: MarketingConsent.State] = [:]
        for channel in Channel.allCases {
            switch (marketingRefused.contains(channel), now[channel] == .refused) {
            case (true, false): states[channel] = .refused
            case (false, true): states[channel] = MarketingConsent.State.none
            default: break
            }
        }
        return states
    }
}
