import Core
import Logging
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Communications

extension World {
    static let number = "+14155550100"

    func intake(_ optOutReplies: OptOutReplies = .twilio, confirm: ReplyIntake.Confirm? = nil) -> ReplyIntake {
        ReplyIntake(
            database: store.database, cipher: cipher, clock: clock.wallClock, orchestrator: first.orchestrator,
            optOutReplies: optOutReplies,
            confirm: confirm, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func text(
        _ text: String, from: String = World.number, id: String? = nil, channel: Channel = .sms, provider: String = "twilio",
        repliesTo: String? = nil, payload: String? = nil, handledKeyword: String? = nil
    ) -> InboundMessage {
        // Ids made at the same moment are in no order.
        clock.advance(milliseconds: 2)
        return InboundMessage(
            provider: provider, channel: channel, providerMessageID: id ?? "SM\(UUIDv7(at: now))", from: from, to: "+15005550006",
            text: text,
            kind: payload == nil ? "text" : "button", payload: payload, repliesTo: repliesTo, at: now, handledKeyword: handledKeyword)
    }

    func chat(_ words: String, from: String = World.number, id: String? = nil) -> InboundMessage {
        text(words, from: from, id: id ?? "wamid.\(UUIDv7(at: now))", channel: .whatsapp, provider: "whatsapp")
    }

    /// Takes one message in and returns what its sender is told in the response.
    @discardableResult
    func take(_ message: InboundMessage) async throws -> String? {
        try #require(try await intake().take([message]).first).text
    }

    /// A business's replies, oldest first.
    func replies(_ filter: ReplyFilter = ReplyFilter(), of business: BusinessID = World.business) async throws -> [StoredReply] {
        try await store.database.read { tx in try tx.replies(filter, business: business, limit: 100) }.reversed()
    }

    func putClient(_ id: String, phone: String? = World.number, language: String? = nil, business: BusinessID = World.business) async throws
    {
        let client = try #require(ClientID(id))
        let sealed = try AddressBook(cipher: cipher).seal(
            RecipientUpdate(name: id, phoneNumber: phone, language: language), business: business, client: client)
        let record = SealedClient(
            id: client, name: id, email: nil, emailHash: nil, phoneNumber: sealed.phoneNumber, phoneHash: sealed.phoneHash,
            language: language, timezone: nil, tags: [], attributes: Array("{}".utf8), createdAt: now, updatedAt: now)
        _ = try await store.database.write { tx in try tx.putClient(record, business: business) }
    }

    func putOtherBusiness(_ name: String = "Other Ltd") async throws -> BusinessID {
        var business = World.standardBusiness()
        business.id = UUIDv7(at: now)
        business.name = name
        try await store.database.write { [business] tx in try tx.insertBusiness(business) }
        return business.id
    }

    func optOuts(_ client: String = "ada", business: BusinessID = World.business) async throws -> ChannelSet {
        let id = try #require(ClientID(client))
        return try await store.database.read { tx in try tx.statedPreferences(id, business: business)?.optOuts ?? [] }
    }

    func suppressions(_ number: String = World.number, business: BusinessID = World.business) async throws -> [String] {
        let hash = cipher.lookupHash(number, business: business)
        return try await store.database.read { tx in try tx.suppressions(hash, business: business) }
            .map { "\($0.channel.rawValue) \($0.scope.rawValue) \($0.reason)" }
    }

    /// A message that has gone out to a client on a channel.
    @discardableResult
    func sent(
        _ type: String = "reminder", to client: String = "ada", plan: String? = nil, channel: Channel = .sms, phone: String = World.number
    ) async throws -> CommunicationID {
        let request = CommunicationRequest(
            clientID: try #require(ClientID(client)), messageType: type, planID: plan, urgency: .critical, preferredChannel: channel,
            context: Array("{}".utf8), recipient: RecipientUpdate(name: client, email: "\(client)@example.org", phoneNumber: phone))
        clock.advance(milliseconds: 2)
        let id = try await submit(request)
        try await first.quiet()
        guard try await status(id) == .sent else { throw Unexpected(what: "not sent: \(try await detail(id).story)") }
        return id
    }
}

/// What was to be sent to people by the transport's own way.
final class Confirmations: Sendable {
    private let all = Mutex<[String]>([])

    var texts: [String] { all.withLock { $0 } }

    func add(_ text: String) { all.withLock { $0.append(text) } }
}
