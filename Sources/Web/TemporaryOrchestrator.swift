import Core
import Storage

public enum Submission: Sendable {
    case accepted(id: CommunicationID, body: [UInt8])
    case replayed(statusCode: Int, body: [UInt8])
}

public final class Orchestrator: Sendable {
    public func submit(_ request: CommunicationRequest, business: BusinessID, idempotency: IdempotencyClaim?) async throws -> Submission {
        throw Refusal.unavailable
    }
    public func preview(_ request: CommunicationRequest, business: BusinessID) async throws -> [UInt8] { throw Refusal.unavailable }
    public func cancel(_ id: CommunicationID, business: BusinessID) async throws { throw Refusal.unavailable }
    public func retry(_ id: CommunicationID, business: BusinessID) async throws { throw Refusal.unavailable }
}
