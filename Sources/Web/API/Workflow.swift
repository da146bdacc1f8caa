import Communications
import Core
import Crypto
import HTTPTypes
import Storage

/// The outside workflow: what its nodes make us send, and how a plan stands.
struct WorkflowAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator
    let fields: CommunicationFields

    /// Newest of a plan that are looked at and shown.
    private static let mostShown = 1_000

    func event(_ call: Call) async throws -> Answer {
        var body = try call.fields()
        let hook = body.requiredConvert("node", maxLength: 64, placeholder: nil, Self.hook)
        let planID = body.requiredString("plan_id", maxLength: CommunicationFields.longestPlanID, .line)
        let clientID = body.requiredClientID()
        let context = body.freeForm("context", maxBytes: CommunicationFields.largestContext)
        let recipient = fields.recipient(&body)
        try body.finish()
        // Only refused ones are nil, and then `finish` has thrown.
        guard let hook, let clientID else { throw Refusal.invalid([]) }
        let request = CommunicationRequest(
            clientID: clientID, messageType: hook.messageType, planID: planID, urgency: hook.urgency, channels: hook.channels,
            context: context.map { Array($0.rawBytes) } ?? [], recipient: recipient)
        // Handed on, so that a repetition after a crash finds the message that was stored.
        let claim = call.idempotencyKey.map {
            IdempotencyClaim(
                route: "POST \(Path.workflowEvents.rawValue)#message", key: $0, fingerprint: Array(SHA256.hash(data: call.body)))
        }
        let communication: [UInt8] =
            switch try await orchestrator.submit(request, business: call.business, idempotency: claim, by: call.requester) {
            case .accepted(_, let body), .replayed(_, let body): body
            }
        return .json(.accepted) { json in
            json.member("node", hook.node)
            json.member("plan_id", planID)
            json.member("client_id", clientID.text)
            json.array("communications") { json in json.raw(communication) }
        }
    }

    private static func hook(_ node: String) throws(FieldMessage) -> WorkflowHook? {
        guard let hook = WorkflowHook.hook(for: node) else {
            throw FieldMessage("must be one of \(WorkflowHook.table.map(\.node).joined(separator: ", "))")
        }
        return hook
    }

    func plan(_ call: Call) async throws -> Answer {
        let (planID, business) = (try call.parameter("plan_id"), call.business)
        let (records, reply, answered) = try await database.read { tx in
            (
                try tx.communications(planID: planID, business: business, limit: Self.mostShown),
                try tx.replies(ReplyFilter(planID: planID), business: business, limit: 1).first,
                try tx.answeredCommunication(planID: planID, business: business)
            )
        }
        guard let newest = records.first else { throw Refusal.notFound }
        try await call.noteAccess(.communication, Set(records.map(\.clientID)))
        let action = PendingAction.pending(
            newestFirst: records.lazy.map { PendingAction.Message(id: $0.id, messageType: $0.messageType, status: $0.status) },
            answered: answered)
        return .json { json in
            json.member("plan_id", planID)
            json.array("communications") { json in
                for record in records {
                    json.object { json in CommunicationJSON.members(record, withContext: false, &json) }
                }
            }
            json.time("last_communication_at", newest.createdAt)
            json.member("pending_client_action", action?.rawValue)
            if let reply { json.object("last_reply") { json in ReplyJSON.summary(reply, &json) } } else { json.null("last_reply") }
        }
    }
}
