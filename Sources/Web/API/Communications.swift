import Communications
import Core
import Crypto
import HTTPTypes
import Storage

/// Sending, and looking at what was sent.
struct CommunicationsAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator
    let fields: CommunicationFields

    static let route = "POST \(Path.communications.rawValue)"

    func submit(_ call: Call) async throws -> Answer {
        var query = call.query
        let isDryRun = query.bool("dry_run") ?? false
        try query.finish()
        let document = try call.json()
        let request = try fields.request(document.root)
        try Self.checkSize(call.body.count, request)
        if isDryRun { return .json(bytes: try await orchestrator.preview(request, business: call.business)) }
        let claim = call.idempotencyKey.map {
            IdempotencyClaim(route: Self.route, key: $0, fingerprint: Array(SHA256.hash(data: call.body)))
        }
        return Self.answer(
            try await orchestrator.submit(request, business: call.business, idempotency: claim, by: call.requester))
    }

    /// Without attachments a request may have 1 MiB, as everywhere.
    static func checkSize(_ size: Int, _ request: CommunicationRequest) throws(Refusal) {
        if request.attachments.isEmpty, size > BodyRule.ordinary.limit { throw .payloadTooLarge }
    }

    static func answer(_ submission: Submission) -> Answer {
        switch submission {
        case .accepted(_, let body): return .json(.accepted, bytes: body)
        case .replayed(let statusCode, let body):
            var answer = Answer.json(.init(code: statusCode), bytes: body)
            answer.headers[.idempotencyReplayed] = "true"
            return answer
        }
    }

    func show(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("communication_id"), call.business)
        guard let detail = try await database.read({ tx in try tx.communicationDetail(id, business: business) }) else {
            throw Refusal.notFound
        }
        try await call.noteAccess(.communication, detail.record.clientID)
        return CommunicationJSON.detail(detail)
    }

    func list(_ call: Call) async throws -> Answer {
        var query = call.query
        let page = query.page()
        let filter = CommunicationFilter(
            clientID: query.clientID("client_id"), planID: query.string("plan_id", maxLength: CommunicationFields.longestPlanID),
            status: query.oneOf("status"), channel: query.oneOf("channel"),
            messageType: query.string("message_type", maxLength: CommunicationFields.longestMessageType),
            from: query.time("from"), to: query.time("to"), after: query.id(of: page))
        try query.finish()
        let business = call.business
        let records = try await database.read { tx in try tx.communications(filter, business: business, limit: page.limit + 1) }
        let shown = records.prefix(page.limit)
        let next = records.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        try await call.noteAccess(.communication, shown.map(\.clientID))
        return .page(Array(shown), next: next) { json, record in
            json.object { json in CommunicationJSON.members(record, withContext: false, &json) }
        }
    }

    func cancel(_ call: Call) async throws -> Answer {
        try call.noFields()
        let id = try call.id("communication_id")
        let audit = call.audit("communication.cancel", target: id.description)
        try await orchestrator.cancel(id, business: call.business, audit: audit)
        return try await show(call)
    }

    func retry(_ call: Call) async throws -> Answer {
        try call.noFields()
        let id = try call.id("communication_id")
        let audit = call.audit("communication.retry", target: id.description)
        try await orchestrator.retry(id, business: call.business, audit: audit)
        return try await show(call)
    }
}
