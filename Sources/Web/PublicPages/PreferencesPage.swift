import Communications
import Core
import HTTPTypes
import Logging
import Storage

/// `/p/{token}`: the preference centre.
struct PreferencesPage: Sendable {
    private let access: LinkAccess
    private let database: Database
    private let addresses: AddressBook
    private let orchestrator: Orchestrator
    private let consent: ConsentDesk
    private let isTimeZone: @Sendable (String) -> Bool

    init(_ parts: WebParts, _ access: LinkAccess) {
        self.access = access
        database = parts.database
        addresses = AddressBook(cipher: parts.cipher)
        orchestrator = parts.orchestrator
        consent = parts.consent
        isTimeZone = parts.isTimeZone
    }

    func show(_ incoming: Incoming) async throws -> Answer {
        try await withVisit(incoming) { visit in
            var query = incoming.query
            let saved = query.string("saved")
            return try page(PreferencesForm(visit.state, topics: visit.topics), visit, banner: banner(saved, visit)).answer()
        }
    }

    /// Saves and sends the browser back to the page, so that going back and forth saves nothing twice.
    func save(_ incoming: Incoming) async throws -> Answer {
        try await withVisit(incoming) { visit in
            var form = PreferencesForm(visit.state, topics: visit.topics)
            form.fill(FormFields.read(contentType: incoming.headers[.contentType], body: incoming.body))
            guard var choices = form.check(visit.state, isTimeZone: isTimeZone) else {
                return try page(form, visit, banner: "").answer(.unprocessableContent)
            }
            if visit.business.marketingRule == .doubleOptIn {
                choices.asked = Set(choices.marketing.filter(\.value).keys)
                choices.marketing = choices.marketing.filter { !$0.value }
            }
            let (before, after) = try await carryOut(choices, visit, incoming)
            await orchestrator.consentChanged(
                business: visit.business.id, client: visit.client.id, optedOut: choices.withdrawn)
            await ask(choices.asked, visit, incoming)
            var way: Channel?
            if before != after {
                way = await PreferencesConfirmation(database: database, orchestrator: orchestrator).send(
                    visit, after, logger: incoming.logger)
            }
            let token = try incoming.parameter("token")
            let location = "\(Path.preferencesLink.rawValue.replacing("{token}", with: token))?saved=\(way?.rawValue ?? "1")"
            return Answer(status: .seeOther, headers: [.location: location])
        }
    }

    private func withVisit(_ incoming: Incoming, _ body: (LinkVisit) async throws -> Answer) async throws -> Answer {
        try await access.answer(incoming) {
            switch try await access.open(incoming, .preferences) {
            case .open(let visit): return try await body(visit)
            case .expired(let visit): return LinkNotice.expired(visit, token: try incoming.parameter("token")).answer(.gone)
            case .void: return access.unknown(incoming)
            }
        }
    }

    private func carryOut(
        _ choices: ClientChoices, _ visit: LinkVisit, _ incoming: Incoming
    ) async throws -> (before: ClientState, after: ClientState) {
        let source = visit.source(.preferenceCentre, incoming, page: "preference_centre")
        let wording = wording(visit)
        let audit = visit.audit("preferences.save", incoming)
        return try await database.write { tx in
            let result = try tx.save(choices, of: visit.client, business: visit.business.id, source: source, wording: wording)
            try tx.audit(audit, business: visit.business.id)
            return result
        }
    }

    /// Double opt-in: the client gets a message with a link; at most one a day, as for everybody who asks them.
    private func ask(_ channels: Set<Channel>, _ visit: LinkVisit, _ incoming: Incoming) async {
        let source = visit.source(.preferenceCentre, incoming, page: "preference_centre")
        let wording = wording(visit)
        for channel in Channel.allCases where channels.contains(channel) {
            let statement = ConsentStatement(
                client: visit.client.id, purpose: .marketing, channel: channel, decision: .granted, wording: wording.marketing[channel],
                wordingVersion: source.wordingVersion, evidence: source.evidence)
            do {
                _ = try await consent.state(
                    statement, business: visit.business.id, source: source, audit: visit.audit("consent.request", incoming))
            } catch {
                // Asked today already, or nothing reaches them there: the rest of what they saved holds.
                incoming.logger.info("opt_in_not_requested", metadata: ["error": "\(String(reflecting: error))"])
            }
        }
    }

    /// Each box with the heading above it, as it was read.
    private func wording(_ visit: LinkVisit) -> ChoiceWording {
        let t = visit.translation
        var wording = ChoiceWording()
        for channel in Channel.allCases {
            wording.stops[channel] = "\(t.text(.stopTitle)) – \(t.text(.stopHint)) – \(t.text(.stop(channel)))"
            let hint: Phrase = visit.business.marketingRule == .doubleOptIn ? .marketingConfirm : .topicsHint
            wording.marketing[channel] = "\(t.text(.marketingTitle)) – \(t.text(hint)) – \(t.text(.marketing(channel)))"
        }
        for topic in visit.topics {
            let title = topic.title(in: t.language, fallback: visit.business.defaultLanguage)
            wording.topics[topic.name] = "\(t.text(.topicsTitle)) – \(t.text(.topicsHint)) – \(title)"
        }
        return wording
    }

    private func page(_ form: PreferencesForm, _ visit: LinkVisit, banner: HTML) throws -> PublicPage {
        let t = visit.translation
        let view = PreferencesFormView(form: form, visit: visit, addresses: try maskedAddresses(visit))
        let sentences = PreferencesSentence.all(
            visit.state, topics: visit.topics, fallbackLanguage: visit.business.defaultLanguage, in: t
        ).map { "<p>\($0)</p>" as HTML }
        return visit.page(
            .preferencesTitle,
            """
            \(banner)
            \(view.summary)
            <h1>\(t.text(.preferencesTitle))</h1>
            <p>\(t.text(.preferencesIntro, ["business": visit.business.name]))</p>
            <section class="now" aria-labelledby="now">
            <h2 id="now">\(t.text(.effectiveTitle))</h2>
            \(.joined(sentences))
            </section>
            \(view.html)
            """, hasScript: true)
    }

    /// - Parameter saved: where the confirmation goes; anything else where there is none; nil before anything was saved.
    private func banner(_ saved: String?, _ visit: LinkVisit) -> HTML {
        guard let saved else { return "" }
        let t = visit.translation
        let more = Channel(rawValue: saved).map { " " + t.text(.savedConfirmation, ["way": t.text(.way($0))]) } ?? ""
        return "<p class=\"saved\" role=\"status\">\(t.text(.saved) + more)</p>"
    }

    private func maskedAddresses(_ visit: LinkVisit) throws -> [Channel: String] {
        var masked: [Channel: String] = [:]
        for channel in Channel.allCases {
            masked[channel] = try addresses.address(of: visit.client, on: channel, business: visit.business.id).map { address in
                channel == .email ? Self.masked(email: address) : "…\(address.suffix(3))"
            }
        }
        return masked
    }

    /// `a…@example.org`: enough for its owner, too little for whoever got hold of the link.
    static func masked(email: String) -> String {
        guard let at = email.lastIndex(of: "@") else { return "…" }
        return "\(email.prefix(1))…\(email[at...])"
    }
}

extension ClientChoices {
    /// Where nothing of some kind may begin any more.
    fileprivate var withdrawn: ChannelSet {
        if refusedTopics.values.contains(true) { return .all }
        var channels: ChannelSet = []
        for (channel, stop) in stops where stop { channels.formUnion(ChannelSet(channel)) }
        for (channel, wanted) in marketing where !wanted { channels.formUnion(ChannelSet(channel)) }
        return channels
    }
}
