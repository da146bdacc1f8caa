import Communications
import Core
import HTTPTypes
import Storage

/// One client: who they are, how they want to be reached, what they agreed to and what happened.
struct ClientPage: Sendable {
    let database: Database
    let cipher: Cipher
    let orchestrator: Orchestrator
    let isTimeZone: @Sendable (String) -> Bool

    static func address(_ id: ClientID) -> String {
        // A client id holds nothing that would have to be escaped in a path.
        Path.clientPage.rawValue.replacing("{client_id}", with: id.text)
    }

    func show(_ call: Call) async throws -> Answer {
        var query = call.query
        let isSaved = query.bool("saved") ?? false
        try query.finish()
        let view = try await view(call)
        return page(view, StaffPreferencesForm(view.preferences), call, isSaved: isSaved).answer()
    }

    func savePreferences(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        let view = try await view(call)
        var form = try StaffPreferencesForm(call.form(), topics: view.topics)
        guard let update = form.update(of: view.preferences, isTimeZone: isTimeZone) else {
            return page(view, form, call, isSaved: false).answer(.unprocessableContent)
        }
        let source = ConsentSource(.staff, by: call.credential.actor, from: call.remoteAddress)
        let entry = call.audit("preferences.put", target: id.text, client: id)
        try await database.write { tx in
            try tx.updatePreferences(update, of: id, business: business, source: source)
            try tx.audit(entry, business: business)
        }
        await orchestrator.consentChanged(business: business, client: id, optedOut: update.withdrawn)
        return Answer(status: .seeOther, headers: [.location: "\(Self.address(id))?saved=true"])
    }

    private struct View: Sendable {
        var client: Client
        var preferences: Preferences
        var suppressions: [Suppression]
        var history: [LedgerEntry]
        var timeline: [TimelineEntry]
        var topics: [Topic]
    }

    private func view(_ call: Call) async throws -> View {
        let (id, business, vault) = (try call.clientID(), call.business, ClientVault(cipher: cipher, business: call.business))
        let found = try await database.read { tx -> (SealedClient, View)? in
            guard let sealed = try tx.client(id, business: business) else { return nil }
            let hashes = [sealed.emailHash, sealed.phoneHash].compactMap(\.self)
            return (
                sealed,
                View(
                    client: try vault.open(sealed), preferences: try tx.effectivePreferences(id, business: business),
                    suppressions: try hashes.flatMap { try tx.suppressions($0, business: business) },
                    history: try tx.ledgerEntries(
                        LedgerPlace(business: business, ledger: .consent), LedgerFilter(client: id), limit: 50),
                    timeline: try tx.timeline(of: id, business: business, after: nil, limit: 25),
                    topics: try tx.topics(business: business))
            )
        }
        guard let (_, view) = found else { throw Refusal.notFound }
        try await call.noteAccess(.record, id)
        return view
    }
}

extension ClientPage {
    private func page(_ view: View, _ form: StaffPreferencesForm, _ call: Call, isSaved: Bool) -> Page {
        let client = view.client
        let canWrite = call.credential.permissions.contains(.writePreferences)
        let formHTML = form.html(
            action: Path.clientPagePreferences.rawValue.replacing("{client_id}", with: client.id.text),
            csrf: call.viewer?.csrfInput ?? "", topics: view.topics, zones: ZoneCatalog.places + ["UTC"], canWrite: canWrite)
        let saved: HTML = isSaved ? "<p class=\"done\" role=\"status\">Saved.</p>" : ""
        let title = client.name ?? client.id.text
        return Page(
            title: title,
            content: """
                <p><a href="\(Path.clientsPage.rawValue)">← All clients</a></p>
                <h1>\(title)</h1>
                \(Self.facts(client))
                \(saved)
                <section class="effective" aria-labelledby="effective-title"><h2 id="effective-title">What holds now</h2>
                \(.joined(Self.effective(view).map { "<p>\($0)</p>" }))
                \(Self.suppressions(view.suppressions))
                </section>
                <h2>Preferences</h2>
                \(formHTML)
                <h2>History of consent and preferences</h2>
                \(ConsentHistoryTable.html(view.history))
                <h2>Latest messages</h2>
                \(Self.timeline(view.timeline))
                """, viewer: call.viewer, current: .clientsPage, script: .staffPreferencesScript)
    }

    private static func effective(_ view: View) -> [String] {
        var reachable: ChannelSet = []
        if view.client.email != nil { reachable.formUnion(.email) }
        if view.client.phoneNumber != nil { reachable.formUnion([.sms, .whatsapp]) }
        let suppressed = view.suppressions.reduce(into: ChannelSet()) { if $1.scope == .all { $0.formUnion(ChannelSet($1.channel)) } }
        return EffectiveSettings.sentences(view.preferences, reachable: reachable, suppressed: suppressed)
    }

    private static func facts(_ client: Client) -> HTML {
        let tags = client.tags.map { tag -> HTML in "<span class=\"badge\">\(tag)</span> " }
        return """
            <dl class="facts">
            <div><dt>Client id</dt><dd><code>\(client.id.text)</code></dd></div>
            <div><dt>E-mail</dt><dd>\(client.email ?? "none")</dd></div>
            <div><dt>Phone</dt><dd>\(client.phoneNumber ?? "none")</dd></div>
            <div><dt>Since</dt><dd><time datetime="\(client.createdAt.rfc3339)">\(client.createdAt.readable)</time></dd></div>
            \(tags.isEmpty ? "" : "<div><dt>Tags</dt><dd>\(.joined(tags))</dd></div>")
            </dl>
            """
    }

    private static func suppressions(_ suppressions: [Suppression]) -> HTML {
        guard !suppressions.isEmpty else { return "" }
        let items = suppressions.map { suppression -> HTML in
            let scope = suppression.scope == .all ? "nothing goes there" : "no marketing goes there"
            return "<li>\(suppression.channel.title): \(scope), \(suppression.reason), since \(suppression.at.readable)</li>"
        }
        return "<p>On the suppression list:</p><ul>\(.joined(items))</ul>"
    }

    private static func timeline(_ entries: [TimelineEntry]) -> HTML {
        guard !entries.isEmpty else { return "<p class=\"empty\">Nothing was sent yet.</p>" }
        let rows = entries.map { entry -> HTML in
            let what = entry.reply == nil ? "\(entry.messageType ?? "message"): \(entry.event.type)" : "reply"
            return """
                <tr><td><time datetime="\(entry.event.at.rfc3339)">\(entry.event.at.readable)</time></td><td>\(entry.channel.title)</td>
                <td>\(what)</td><td>\(entry.status?.rawValue ?? "")</td></tr>
                """
        }
        return """
            <div class="table"><table><thead><tr><th scope="col">Time</th><th scope="col">Channel</th><th scope="col">What</th>
            <th scope="col">Now</th></tr></thead><tbody>\(.joined(rows))</tbody></table></div>
            """
    }
}
