import Core
import Foundation
import Logging
import Storage

/// The engines that every behaviour is tested on.
public enum TestEngine: String, Sendable, CaseIterable, CustomStringConvertible {
    case sqlite, postgresql

    public var description: String { rawValue }
}

/// A store of its own for one test: a fresh file, or a fresh database on the test server.
public final class TestDatabase: Sendable {
    public let engine: TestEngine
    public let url: String
    public let clock: TestClock
    public let database: Database

    private init(engine: TestEngine, url: String, clock: TestClock, database: Database) {
        self.engine = engine
        self.url = url
        self.clock = clock
        self.database = database
    }

    /// Databases at the same time; each has up to ten connections, tests of several instances twice as many.
    private static let turnstile = Turnstile(places: 24)

    /// Makes a store, migrates it unless told otherwise, and removes it afterwards.
    public static func with<T>(
        _ engine: TestEngine, clock: TestClock = TestClock(), faults: Faults? = nil, migrate: Bool = true,
        _ body: (TestDatabase) async throws -> T
    ) async throws -> T {
        await turnstile.enter()
        defer { turnstile.leave() }
        let url = try await freshURL(engine)
        let database = try await open(url, clock: clock, faults: faults)
        let test = TestDatabase(engine: engine, url: url, clock: clock, database: database)
        do {
            if migrate { try await database.migrate() }
            let value = try await body(test)
            await database.close()
            try await remove(url, engine)
            return value
        } catch {
            await database.close()
            try? await remove(url, engine)
            throw error
        }
    }

    /// Another `Database` on the same store, as a second instance would open it; the caller closes it.
    public func openAnother(faults: Faults? = nil, mailboxLimit: Int = 20_000) async throws -> Database {
        try await Self.open(url, clock: clock, faults: faults, mailboxLimit: mailboxLimit)
    }

    public static func open(_ url: String, clock: TestClock, faults: Faults? = nil, mailboxLimit: Int = 20_000) async throws -> Database {
        // The test server runs without fsync: nothing here has to survive a power cut.
        try await Database.open(
            DatabaseConfiguration(
                url: url, poolSize: 4, clock: clock.wallClock, allowsUnsafeDurability: true, mailboxLimit: mailboxLimit, faults: faults),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// The URL of a store that nobody has used.
    public static func freshURL(_ engine: TestEngine) async throws -> String {
        let name = "rapport_test_" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        switch engine {
        case .sqlite:
            let directory = NSTemporaryDirectory() + "/" + name
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            return "sqlite:\(directory)/rapport.sqlite"
        case .postgresql:
            let address = try await PostgresServer.address()
            try await administer("CREATE DATABASE \(name)")
            return address.url(database: name)
        }
    }

    public static func remove(_ url: String, _ engine: TestEngine) async throws {
        switch engine {
        case .sqlite:
            let path = String(url.dropFirst("sqlite:".count))
            try FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
        case .postgresql:
            guard let start = url.range(of: "rapport_test_")?.lowerBound else { return }
            try await administer("DROP DATABASE IF EXISTS \(url[start...].prefix { $0 != "?" }) WITH (FORCE)")
        }
    }

    /// Runs one statement outside of any transaction on the server's own database.
    public static func administer(_ statement: String) async throws {
        try await PostgresAdministration.run(statement, at: PostgresServer.address().url(database: "postgres"))
    }
}
