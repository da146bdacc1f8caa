import Communications
import Core
import Storage

/// The preference centre's form: what stands in its fields, also where that is wrong.
struct PreferencesForm: Sendable {
    struct Fault: Sendable, Hashable {
        /// The id of the field that it is about.
        var field: String
        var phrase: Phrase
    }

    /// Names of the selects for channels, in order.
    static let choiceFields = ["first", "second", "third"]

    /// Channels that can be chosen, in a fixed order.
    let offered: [Channel]
    let topics: [Topic]
    /// As many as there are offered channels; empty for none.
    var choices: [String]
    var stops: ChannelSet
    var marketing: ChannelSet
    var refusedTopics: Set<String>
    var timezone: String
    var quietStart: String
    var quietEnd: String
    var language: String
    /// What the page showed when the person began, so that only what they changed is changed.
    var shownStops: ChannelSet
    var shownMarketing: ChannelSet
    var shownRefusals: Set<String>
    var faults: [Fault] = []

    /// As it stands before anybody touches it.
    init(_ state: ClientState, topics: [Topic]) {
        let usable = state.addresses.subtracting(state.blocked)
        offered = Channel.allCases.filter { usable.isEmpty || usable.contains($0) }
        self.topics = topics
        let preferences = state.preferences
        let preferred = preferences.preferredChannels.filter(offered.contains)
        let chosen = (preferred.isEmpty ? Array(offered.prefix(1)) : preferred).map(\.rawValue)
        choices = Array((chosen + ["", "", ""]).prefix(offered.count))
        stops = state.stopped
        marketing = state.marketing
        refusedTopics = Set(preferences.topicsRefused)
        timezone = preferences.timezone
        quietStart = preferences.quietHoursStart.text
        quietEnd = preferences.quietHoursEnd.text
        language = preferences.language
        (shownStops, shownMarketing, shownRefusals) = (stops, marketing, refusedTopics)
    }

    /// What came back. A field that is missing counts as empty, so that a form cut short changes nothing unnoticed.
    mutating func fill(_ fields: [String: String]) {
        // It stands last in the form.
        if fields["complete"] != "1" { faults.append(Fault(field: "errors", phrase: .errorForm)) }
        choices = zip(Self.choiceFields, offered).map { field, _ in fields[field] ?? "" }
        func ticked(_ prefix: String) -> ChannelSet {
            offered.reduce(into: ChannelSet()) { if fields["\(prefix)_\($1.rawValue)"] != nil { $0.formUnion(ChannelSet($1)) } }
        }
        stops = ticked("stop")
        marketing = ticked("marketing")
        refusedTopics = Set(topics.map(\.name).filter { fields["topic_\($0)"] == nil })
        timezone = fields["timezone"] ?? ""
        quietStart = fields["quiet_start"] ?? ""
        quietEnd = fields["quiet_end"] ?? ""
        language = fields["language"] ?? ""
        shownStops = Self.channels(fields["shown_stops"])
        shownMarketing = Self.channels(fields["shown_marketing"])
        shownRefusals = Set((fields["shown_refusals"] ?? "").split(separator: ",").map(String.init))
    }

    /// What the person decided; nil when something is wrong, which then stands in ``faults``.
    ///
    /// - Parameter state: what holds; channels that are not offered keep their place behind those that are.
    mutating func check(_ state: ClientState, isTimeZone: (String) -> Bool) -> ClientChoices? {
        let preferred = checkedChannels()
        let (start, end) = (LocalTime(quietStart), LocalTime(quietEnd))
        if !isTimeZone(timezone) { fault("timezone", .errorTimezone) }
        if start == nil { fault("quiet_start", .errorQuietStart) }
        if end == nil { fault("quiet_end", .errorQuietEnd) }
        if language != state.preferences.language, !Translation.languages.contains(language) { fault("language", .errorLanguage) }
        guard faults.isEmpty else { return nil }
        var choices = ClientChoices()
        for channel in offered {
            if stops.contains(channel) != shownStops.contains(channel) { choices.stops[channel] = stops.contains(channel) }
            if marketing.contains(channel) != shownMarketing.contains(channel) {
                choices.marketing[channel] = marketing.contains(channel)
            }
        }
        for topic in topics where refusedTopics.contains(topic.name) != shownRefusals.contains(topic.name) {
            choices.refusedTopics[topic.name] = refusedTopics.contains(topic.name)
        }
        choices.update = PreferencesUpdate(
            preferredChannels: preferred + state.preferences.preferredChannels.filter { !offered.contains($0) }, timezone: timezone,
            quietHoursStart: start, quietHoursEnd: end, language: language)
        return choices
    }

    private mutating func checkedChannels() -> [Channel] {
        var preferred: [Channel] = []
        for (field, text) in zip(Self.choiceFields, choices) where !text.isEmpty || field == Self.choiceFields[0] {
            guard let channel = Channel(rawValue: text), offered.contains(channel) else {
                fault(field, .errorChannel)
                continue
            }
            if preferred.contains(channel) { fault(field, .errorChannelTwice) } else { preferred.append(channel) }
        }
        return preferred
    }

    private mutating func fault(_ field: String, _ phrase: Phrase) { faults.append(Fault(field: field, phrase: phrase)) }

    private static func channels(_ text: String?) -> ChannelSet {
        (text ?? "").split(separator: ",").compactMap { Channel(rawValue: String($0)) }.reduce(into: []) { $0.formUnion(ChannelSet($1)) }
    }
}

extension ChannelSet {
    /// `email,sms`.
    var names: String { Channel.allCases.filter(contains).map(\.rawValue).joined(separator: ",") }
}
