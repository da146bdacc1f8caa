import Communications
import Core
import HTTPTypes
import Storage

/// Mails a fresh link to whom an old one belonged, and to nobody else.
struct LinkRenewal: Sendable {
    static let messageType = "preferences_link"
    /// A link every so many seconds, and so many a day.
    static let pause: Int64 = 600
    static let mostPerDay = 5

    private let access: LinkAccess
    private let database: Database
    private let orchestrator: Orchestrator

    init(_ parts: WebParts, _ access: LinkAccess) {
        self.access = access
        database = parts.database
        orchestrator = parts.orchestrator
    }

    func renew(_ incoming: Incoming) async throws -> Answer {
        try await access.answer(incoming) {
            let visit: LinkVisit
            switch try await access.open(incoming, .preferences) {
            case .open(let found), .expired(let found): visit = found
            case .void: return access.unknown(incoming)
            }
            guard visit.state.reachable.contains(.email) else {
                return LinkNotice.expired(visit, token: try incoming.parameter("token")).answer(.gone)
            }
            guard try await isAllowed(visit) else {
                var answer = page(visit, text: visit.translation.text(.renewLater)).answer(.tooManyRequests)
                answer.headers[.retryAfter] = "\(Self.pause)"
                return answer
            }
            try await send(visit)
            return page(visit, text: visit.translation.text(.renewedText, ["business": visit.business.name])).answer()
        }
    }

    private func isAllowed(_ visit: LinkVisit) async throws -> Bool {
        let (client, business) = (visit.client.id, visit.business.id)
        return try await database.read { tx in
            func count(seconds: Int64) throws -> Int {
                try tx.messageCount(of: Self.messageType, to: client, business: business, since: tx.now.adding(seconds: -seconds))
            }
            return try count(seconds: Self.pause) == 0 && count(seconds: 86_400) < Self.mostPerDay
        }
    }

    private func send(_ visit: LinkVisit) async throws {
        // Whoever pressed the button is awake and waits for it: quiet hours do not hold it back.
        _ = try await orchestrator.submit(
            CommunicationRequest(
                clientID: visit.client.id, messageType: Self.messageType, urgency: .critical, channels: [.email], onlyChannel: .email),
            business: visit.business.id, idempotency: nil)
    }

    private func page(_ visit: LinkVisit, text: String) -> PublicPage {
        visit.page(
            .renewedTitle, "<h1>\(visit.translation.text(.renewedTitle))</h1>\n<p role=\"status\">\(text)</p>")
    }
}
