import Core
import Logging
import NIOPosix
import Providers
import Storage
import TestSupport

@testable import Communications

/// A business whose events go to receivers on this machine.
struct EventWorld: Sendable {
    static let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)

    let store: TestDatabase
    let cipher: Cipher
    let dispatcher: EventDispatcher
    let business = World.business

    var database: Database { store.database }
    var now: Timestamp { store.clock.now }

    static func with(
        _ engine: TestEngine, allowsPrivateNetworks: Bool = true, timing: EventTiming = EventTiming(),
        _ body: (EventWorld) async throws -> Void
    ) async throws {
        try await TestDatabase.with(engine) { store in
            try await store.database.write { tx in try tx.insertBusiness(World.standardBusiness()) }
            let cipher = try await Cipher.open(store.database, keys: KeyRing(text: World.keys), sealsContent: true)
            let dispatcher = Self.dispatcher(
                store.database, cipher, store.clock, allowsPrivateNetworks: allowsPrivateNetworks, timing: timing)
            try await body(EventWorld(store: store, cipher: cipher, dispatcher: dispatcher))
        }
    }

    static func dispatcher(
        _ database: Database, _ cipher: Cipher, _ clock: TestClock, allowsPrivateNetworks: Bool = true, timing: EventTiming = EventTiming()
    ) -> EventDispatcher {
        EventDispatcher(
            database: database, cipher: cipher, clock: clock.wallClock, http: http, allowsPrivateNetworks: allowsPrivateNetworks,
            timing: timing, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @discardableResult
    func endpoint(
        _ url: String, types: [OutgoingEventType] = [], secret: WebhookSecret = WebhookSecret(), business: BusinessID = World.business
    ) async throws -> WebhookEndpoint {
        let id = UUIDv7(at: now)
        let endpoint = WebhookEndpoint(
            id: id, business: business, wishes: .init(url: url, description: "", eventTypes: types),
            secret: try cipher.seal(secret.key, .webhookSecret(business, id)), at: now)
        try await database.write { tx in try tx.insertWebhookEndpoint(endpoint) }
        return endpoint
    }

    func reload(_ endpoint: WebhookEndpoint) async throws -> WebhookEndpoint? {
        try await database.read { tx in try tx.webhookEndpoint(endpoint.id, business: endpoint.business) }
    }

    func emit(
        _ client: String?, _ text: String = "", type: OutgoingEventType = .clientReplied, business: BusinessID = World.business,
        on database: Database? = nil
    ) async throws {
        var json = JSONWriter()
        json.object { json in json.member("text", text) }
        let data = json.bytes
        try await (database ?? self.database).write { tx in
            try tx.emit(
                OutgoingEvent(type: type, clientID: client.flatMap { ClientID($0) }, communication: nil, at: tx.now, data: data),
                business: business)
        }
    }

    func deliveries(_ endpoint: WebhookEndpoint) async throws -> [EventDelivery] {
        try await database.read { tx in try tx.eventDeliveries(endpoint: endpoint.id, limit: 1_000) }
    }

    /// Turns until nothing is due any more.
    func settle(_ dispatcher: EventDispatcher? = nil) async throws {
        while try await (dispatcher ?? self.dispatcher).runOnce() > 0 {}
    }

    /// Runs the service itself while `body` runs.
    func running<T>(_ dispatcher: EventDispatcher, _ body: () async throws -> T) async throws -> T {
        let service = Task { try await dispatcher.run() }
        do {
            let value = try await body()
            service.cancel()
            _ = try? await service.value
            return value
        } catch {
            service.cancel()
            _ = try? await service.value
            throw error
        }
    }
}
