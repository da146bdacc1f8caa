import Communications
import Core
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Storage
import TestSupport

@testable import Web

/// A server of one test's own: a fresh database with two businesses, each with a key, and a clock that stands still.
struct World: Sendable {
    let database: Database
    let cipher: Cipher
    let clock: TestClock
    let parts: WebParts
    let here: Tenant
    let elsewhere: Tenant

    struct Tenant: Sendable {
        let id: BusinessID
        let key: String
        let keyID: UUIDv7
    }

    /// Runs `body` against a server without sockets.
    static func run(
        _ engine: TestEngine = .sqlite, readiness: Readiness = Readiness(checks: []), webhookKeys: WebhookKeys = WebhookKeys(),
        faults: Faults? = nil,
        whatsAppTemplates: (@Sendable () async throws -> [WhatsAppTemplate])? = nil,
        _ body: @escaping @Sendable (World, API) async throws -> Void
    ) async throws {
        try await TestDatabase.with(engine, faults: faults) { store in
            let world = try await World(database: store.database, clock: store.clock, readiness: readiness, webhookKeys: webhookKeys)
            var parts = world.parts
            parts.whatsAppTemplates = whatsAppTemplates.map { list in
                WhatsAppTemplateSync(
                    database: store.database, clock: store.clock.wallClock, logger: Logger(label: "test"), composer: nil, list: list)
            }
            let application = Application(responder: Server.responder(parts))
            try await application.test(.router) { client in try await body(world, API(client: client, key: world.here.key)) }
        }
    }

    private init(database: Database, clock: TestClock, readiness: Readiness, webhookKeys: WebhookKeys) async throws {
        self.database = database
        self.clock = clock
        let key = Data((0..<32).map { UInt8($0) }).base64EncodedString()
        cipher = try await Cipher.open(database, keys: KeyRing(text: key))
        here = try await Self.tenant("Here", database)
        elsewhere = try await Self.tenant("Elsewhere", database)
        let zones = ZoneCatalog()
        let directory = Directory(database: database, clock: clock.wallClock)
        let templates = TemplateStore(database: database, clock: clock.wallClock)
        let addresses = AddressBook(cipher: cipher)
        let engine = DeliveryEngine(
            database: database, addresses: addresses, clock: clock.wallClock, transports: [:],
            composer: MessageComposer(
                database: database, directory: directory, templates: templates,
                whatsApp: WhatsAppComposer(database: database, addresses: addresses, clock: clock.wallClock, isSandbox: true)),
            zones: zones, directory: directory, logger: Logger(label: "test"))
        let orchestrator = Orchestrator(
            database: database, clock: clock.wallClock, directory: directory, templates: templates, addresses: addresses, zones: zones,
            engine: engine)
        parts = WebParts(
            database: database, cipher: cipher, clock: clock.wallClock, keys: APIKeyCache(database: database, clock: clock.wallClock),
            orchestrator: orchestrator, isTimeZone: { zones.zone(named: $0) != nil }, readiness: readiness,
            metrics: { Array("up 1\n".utf8) }, baseURL: "http://localhost:8080",
            webhookKeys: webhookKeys)
    }

    private static func tenant(_ name: String, _ database: Database) async throws -> Tenant {
        try await database.write { tx in
            let business = Business(
                id: UUIDv7(at: tx.now), name: name, postalAddress: "1 Road", supportEmail: "help@example.org", timezone: "UTC",
                hours: .standard, defaultLanguage: "en", brandColor: "#2f6f4f", logoURL: nil)
            try tx.insertBusiness(business)
            let secret = APIKeySecret()
            let key = try tx.createAPIKey(business: business.id, name: "test", secret: secret)
            return Tenant(id: business.id, key: secret.text, keyID: key.id)
        }
    }
}
