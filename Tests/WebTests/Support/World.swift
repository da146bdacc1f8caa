import Communications
import Core
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOPosix
import RESP
import Storage
import TestSupport

@testable import Web

/// A server of one test's own: a fresh database with two businesses, each with a key, and a clock that stands still.
struct World: Sendable {
    let database: Database
    let cipher: Cipher
    let clock: TestClock
    private(set) var parts: WebParts
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
        faults: Faults? = nil, cache: CacheKind = .inProcess,
        whatsAppTemplates: (@Sendable () async throws -> [WhatsAppTemplate])? = nil, sockets: Bool = false,
        prepare: @escaping @Sendable (inout WebParts) -> Void = { _ in },
        _ body: @escaping @Sendable (World, API) async throws -> Void
    ) async throws {
        try await TestDatabase.with(engine, faults: faults) { store in
            try await cache.with(store.clock) { cache in
                try await serve(
                    store, readiness: readiness, webhookKeys: webhookKeys, cache: cache, whatsAppTemplates: whatsAppTemplates,
                    sockets: sockets, prepare: prepare, body)
            }
        }
    }

    static func serve(
        _ store: TestDatabase, readiness: Readiness = Readiness(checks: []), webhookKeys: WebhookKeys = WebhookKeys(),
        cache: (any Cache)?, whatsAppTemplates: (@Sendable () async throws -> [WhatsAppTemplate])? = nil,
        mail: (any Transport)? = nil, sockets: Bool = false, prepare: @escaping @Sendable (inout WebParts) -> Void = { _ in },
        _ body: @escaping @Sendable (World, API) async throws -> Void
    ) async throws {
        var world = try await World(
            database: store.database, clock: store.clock, readiness: readiness, webhookKeys: webhookKeys, cache: cache)
        world.parts.staffMail = StaffMail(transport: mail, clock: store.clock.wallClock)
        var parts = world.parts
        parts.whatsAppTemplates = whatsAppTemplates.map { list in
            WhatsAppTemplateSync(
                database: store.database, clock: store.clock.wallClock, logger: Logger(label: "test"), composer: nil, list: list)
        }
        prepare(&parts)
        let application = Application(
            responder: Server.responder(parts), configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)))
        let built = world
        try await application.test(sockets ? .live : .router) { client in try await body(built, API(client: client, key: built.here.key)) }
    }

    /// Runs `body` with the port of the server as `rapport serve` builds it.
    static func listen(tls: ServerTLS? = nil, _ body: @escaping @Sendable (_ port: Int) async throws -> Void) async throws {
        try await TestDatabase.with(.sqlite) { store in
            let world = try await World(
                database: store.database, clock: store.clock, readiness: Readiness(checks: []), webhookKeys: WebhookKeys(), cache: nil)
            let (ports, told) = AsyncStream.makeStream(of: Int.self)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let application = try Server.application(
                world.parts, host: "127.0.0.1", port: 0, group: MultiThreadedEventLoopGroup.singleton, logger: logger, tls: tls,
                onListening: { told.yield($0) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await application.run() }
                for await port in ports {
                    try await body(port)
                    break
                }
                group.cancelAll()
                while let result = await group.nextResult() {
                    if case .failure(let error) = result, !(error is CancellationError) { throw error }
                }
            }
        }
    }

    /// Where copies of records are kept.
    enum CacheKind: String, CaseIterable, Sendable {
        case none, inProcess, redis

        func with(_ clock: TestClock, _ body: @Sendable (_ cache: (any Cache)?) async throws -> Void) async throws {
            switch self {
            case .none: try await body(nil)
            case .inProcess: try await body(InProcessCache(clock: clock.wallClock))
            case .redis:
                try await RedisServer.with { server in
                    let cache = RedisCache(
                        configuration: try RedisConfiguration(url: server.url), eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
                        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, patience: .seconds(60))
                    do {
                        try await body(cache)
                    } catch {
                        await cache.shutdown()
                        throw error
                    }
                    await cache.shutdown()
                }
            }
        }
    }

    /// Cheap: what is tested is not how long a guess takes.
    static let hasher = PasswordHasher(parameters: PasswordHash.Parameters(costLog2: 4, blockSize: 8, parallelism: 1), mostWaiting: 1_000)

    private init(
        database: Database, clock: TestClock, readiness: Readiness, webhookKeys: WebhookKeys, cache: (any Cache)?
    ) async throws {
        self.database = database
        self.clock = clock
        let key = Data((0..<32).map { UInt8($0) }).base64EncodedString()
        cipher = try await Cipher.open(database, keys: KeyRing(text: key), sealsContent: true)
        here = try await Self.tenant("Here", database)
        let firstBusiness = here.id
        elsewhere = try await Self.tenant("Elsewhere", database, after: here.id)
        let zones = ZoneCatalog()
        let directory = Directory(database: database, clock: clock.wallClock)
        let records = cache.map { RecordCache(cache: $0, keys: CacheKeys(firstBusiness: firstBusiness), seconds: 3600) }
        let preferences = PreferencesCache(
            database: database, directory: directory, records: records, write: PreferencesJSON.members)
        let templates = TemplateStore(database: database, clock: clock.wallClock, records: records)
        let addresses = AddressBook(cipher: cipher)
        let engine = DeliveryEngine(
            database: database, addresses: addresses, clock: clock.wallClock, transports: [:],
            composer: MessageComposer(
                database: database, directory: directory, templates: templates,
                whatsApp: WhatsAppComposer(database: database, addresses: addresses, clock: clock.wallClock, isSandbox: true)),
            zones: zones, directory: directory, logger: Logger(label: "test"))
        let orchestrator = Orchestrator(
            database: database, clock: clock.wallClock, directory: directory, templates: templates, addresses: addresses, zones: zones,
            engine: engine, preferences: preferences)
        parts = WebParts(
            database: database, cipher: cipher, clock: clock.wallClock, keys: APIKeyCache(database: database, clock: clock.wallClock),
            orchestrator: orchestrator, isTimeZone: { zones.zone(named: $0) != nil }, readiness: readiness,
            metrics: { Array("up 1\n".utf8) }, baseURL: "http://localhost:8080", preferences: preferences, cache: cache,
            webhookKeys: webhookKeys, hasher: World.hasher)
    }

    private static func tenant(_ name: String, _ database: Database, after first: BusinessID? = nil) async throws -> Tenant {
        try await database.write { tx in
            // Of two from the same moment the one with the lower id came first.
            var id = UUIDv7(at: tx.now)
            while let first, id < first { id = UUIDv7(at: tx.now) }
            let business = Business(
                id: id, name: name, postalAddress: "1 Road", supportEmail: "help@example.org", timezone: "UTC",
                hours: .standard, defaultLanguage: "en", brandColor: "#2f6f4f", logoURL: nil)
            try tx.insertBusiness(business)
            let secret = APIKeySecret()
            let key = try tx.createAPIKey(business: business.id, name: "test", secret: secret)
            return Tenant(id: business.id, key: secret.text, keyID: key.id)
        }
    }
}
