import Communications
import Core
import HTTPTypes
import Storage

/// `/u/{token}`: a page that asks, and the button that acts; for mail programs only the latter (RFC 8058).
struct UnsubscribePage: Sendable {
    private let access: LinkAccess
    private let database: Database
    private let orchestrator: Orchestrator

    init(_ parts: WebParts, _ access: LinkAccess) {
        self.access = access
        database = parts.database
        orchestrator = parts.orchestrator
    }

    /// Changes nothing: programs that look into every link of a mail must not unsubscribe anybody.
    func show(_ incoming: Incoming) async throws -> Answer {
        try await access.answer(incoming) {
            guard case .open(let visit) = try await access.open(incoming, .unsubscribe) else { return access.unknown(incoming) }
            return question(visit).answer()
        }
    }

    /// Idempotent, without a cookie, never a redirect. Answered once nothing that was begun before can still leave (promise P4).
    func act(_ incoming: Incoming) async throws -> Answer {
        try await access.answer(incoming) {
            guard case .open(let visit) = try await access.open(incoming, .unsubscribe) else { return access.unknown(incoming) }
            guard let request = UnsubscribeRequest(contentType: incoming.headers[.contentType], body: incoming.body) else {
                return question(visit).answer(.badRequest)
            }
            try await carryOut(request, visit, incoming)
            await orchestrator.consentChanged(
                business: visit.business.id, client: visit.client.id, optedOut: ChannelSet(visit.channel))
            return (request.stopsEverything ? stopped(visit) : unsubscribed(visit)).answer()
        }
    }

    private func carryOut(_ request: UnsubscribeRequest, _ visit: LinkVisit, _ incoming: Incoming) async throws {
        let t = visit.translation
        let way = t.text(.way(visit.channel))
        var source = visit.source(.unsubscribe, incoming, page: "unsubscribe")
        if request.isFromPage {
            source.wording =
                request.stopsEverything
                ? t.text(.stopAllQuestion, ["way": way])
                : t.text(.unsubscribeQuestion, ["way": way, "business": visit.business.name])
        } else {
            (source.wording, source.wordingVersion) = (nil, "one_click")
        }
        let audit = visit.audit(request.stopsEverything ? "client.stop_channel" : "client.unsubscribe", incoming)
        try await database.write { [source] tx in
            let changed =
                request.stopsEverything
                ? try tx.stopEverything(visit.client, on: visit.channel, business: visit.business.id, source: source)
                : try tx.unsubscribe(visit.client, from: visit.channel, business: visit.business.id, source: source)
            if changed { try tx.audit(audit, business: visit.business.id) }
        }
    }

    private func question(_ visit: LinkVisit) -> PublicPage {
        let t = visit.translation
        let question = t.text(.unsubscribeQuestion, ["way": t.text(.way(visit.channel)), "business": visit.business.name])
        return visit.page(
            .unsubscribeTitle,
            """
            <h1>\(t.text(.unsubscribeTitle))</h1>
            <p>\(question)</p>
            \(form(button: t.text(.unsubscribeButton)))
            \(toPreferences(visit))
            """)
    }

    private func unsubscribed(_ visit: LinkVisit) -> PublicPage {
        let t = visit.translation
        let way = t.text(.way(visit.channel))
        return visit.page(
            .unsubscribedTitle,
            """
            <h1>\(t.text(.unsubscribedTitle))</h1>
            <p role="status">\(t.text(.unsubscribedText, ["business": visit.business.name, "way": way]))</p>
            <p>\(t.text(.unsubscribedRest))</p>
            <hr>
            <p>\(t.text(.stopAllQuestion, ["way": way]))</p>
            \(form(button: t.text(.stopAllButton, ["way": way]), scope: "all"))
            \(toPreferences(visit))
            """)
    }

    private func stopped(_ visit: LinkVisit) -> PublicPage {
        let t = visit.translation
        let text = t.text(.stoppedText, ["business": visit.business.name, "way": t.text(.way(visit.channel))])
        return visit.page(
            .stoppedTitle,
            """
            <h1>\(t.text(.stoppedTitle))</h1>
            <p role="status">\(text)</p>
            \(toPreferences(visit))
            """)
    }

    private func form(button: String, scope: String? = nil) -> HTML {
        let look: HTML = scope == nil ? "" : " class=\"quiet\""
        let all: HTML = scope.map { "<input type=\"hidden\" name=\"scope\" value=\"\($0)\">" } ?? ""
        return """
            <form method="post">
            <input type="hidden" name="List-Unsubscribe" value="One-Click">
            <input type="hidden" name="page" value="1">
            \(all)
            <button type="submit"\(look)>\(button)</button>
            </form>
            """
    }

    private func toPreferences(_ visit: LinkVisit) -> HTML {
        "<p><a class=\"more\" href=\"\(access.preferencesURL(visit))\">\(visit.translation.text(.toPreferences))</a></p>"
    }
}
