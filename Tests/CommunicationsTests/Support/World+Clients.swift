import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Communications

extension World {
    static let ada = RecipientUpdate(name: "Ada", email: "ada@example.org", phoneNumber: "+14155550100")

    /// A request to Ada that may begin at once, whatever the hour of business.
    func request(
        _ type: String = "reminder", urgency: Urgency? = .high, client: String = "ada", channel: Channel? = nil,
        recipient: RecipientUpdate? = World.ada, context: String = "{}"
    ) throws -> CommunicationRequest {
        CommunicationRequest(
            clientID: try #require(ClientID(client)), messageType: type, urgency: urgency, preferredChannel: channel,
            context: Array(context.utf8), recipient: recipient)
    }

    @discardableResult
    func submit(_ request: CommunicationRequest, key: String? = nil, to instance: Instance? = nil) async throws -> CommunicationID {
        let submission = try await (instance ?? first).orchestrator.submit(request, business: business, idempotency: key.map(claim))
        guard case .accepted(let id, _) = submission else {
            throw Unexpected(what: "the request was not accepted: \(submission)")
        }
        return id
    }

    func claim(_ key: String) -> IdempotencyClaim {
        IdempotencyClaim(route: "communications", key: key, fingerprint: [1, 2, 3])
    }

    func detail(_ id: CommunicationID) async throws -> CommunicationDetail {
        let business = business
        return try #require(try await store.database.read { tx in try tx.communicationDetail(id, business: business) })
    }

    func status(_ id: CommunicationID) async throws -> CommunicationStatus {
        try await detail(id).record.status
    }

    /// The row in the queue; nil when nothing of the communication waits.
    func queued(_ id: CommunicationID) async throws -> QueueRow? {
        try await store.database.read { tx in
            try tx.run("SELECT channel, due_at, attempt, lease_token FROM crm_delivery_queue WHERE communication_id = \(id)").first.map {
                QueueRow(
                    channel: try $0.channel(0), due: Timestamp(milliseconds: try $0.int64(1)), attempt: try $0.int(2),
                    isLeased: try !$0.isNull(3))
            }
        }
    }

    /// Changes preferences as the API does: durable first, then settled, then acknowledged.
    func change(_ update: PreferencesUpdate, client: String = "ada", via instance: Instance? = nil) async throws {
        let id = try #require(ClientID(client))
        let business = business
        _ = try await store.database.write { tx in try tx.updatePreferences(update, of: id, business: business, source: .system) }
        await (instance ?? first).orchestrator.consentChanged(business: business, client: id, optedOut: update.withdrawn)
    }

    func putTemplate(
        _ channel: Channel, _ name: String, language: String = "en", subject: String? = nil, content: String, text: String? = nil
    ) async throws {
        let draft = TemplateDraft(
            channel: channel, name: name, language: language, subjectTemplate: subject, contentTemplate: content, textTemplate: text,
            variables: Array("[]".utf8))
        let business = business
        _ = try await store.database.write { tx in try tx.putTemplate(draft, business: business) }
        first.orchestrator.settingsChanged(business: business)
    }

    func putMessageType(_ type: MessageType) async throws {
        let business = business
        _ = try await store.database.write { tx in try tx.putMessageType(type, business: business) }
        first.orchestrator.settingsChanged(business: business)
    }

    func putBusiness(_ edit: (inout Business) -> Void) async throws {
        var business = World.standardBusiness()
        edit(&business)
        _ = try await store.database.write { [business] tx in try tx.updateBusiness(business) }
        first.orchestrator.settingsChanged(business: business.id)
    }
}

struct QueueRow: Sendable, Equatable {
    var channel: Channel
    var due: Timestamp
    var attempt: Int
    var isLeased: Bool
}

struct Unexpected: Error, CustomStringConvertible {
    var what: String
    var description: String { what }
}

extension CommunicationDetail {
    /// Event types in order.
    var story: [String] { events.map(\.type) }
    var outcomes: [DeliveryAttempt.Outcome] { attempts.map(\.outcome) }
}

extension TransportFailure {
    static let busy = TransportFailure(category: .transient, message: "try again later")
    static let refused = TransportFailure(category: .permanent, message: "no such mailbox")
}

/// The members of a JSON object.
func members(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
}

extension Timestamp {
    /// Reads `2026-03-02T12:00:00Z`.
    init(_ text: String) throws {
        self = try #require(RFC3339.parse(text))
    }
}
