import Core
import FoundationEssentials
import Logging
import Storage

/// The opened database with the keys of its personal data: what every command begins with.
struct Store: Sendable {
    let database: Database
    let cipher: Cipher
    /// What to call it in front of people; never a password.
    let description: String

    /// Opens, migrates, hands the store to `body` and closes it, whatever happens.
    static func with<Result: Sendable>(
        _ settings: Settings, clock: WallClock = .system,
        logger: Logger = Logger(label: "rapport", factory: { _ in SwiftLogNoOpLogHandler() }),
        _ body: @Sendable (Store) async throws -> Result
    ) async throws -> Result {
        let store = try await open(settings, clock: clock, logger: logger)
        do {
            let result = try await body(store)
            await store.database.close()
            return result
        } catch {
            await store.database.close()
            throw error
        }
    }

    /// Opens the database, brings its schema up to date and proves that the encryption key fits.
    static func open(
        _ settings: Settings, clock: WallClock, logger: Logger,
        onCommit: (@Sendable (_ items: Int, _ microseconds: Int) -> Void)? = nil
    ) async throws -> Store {
        let keys = try keyRing(settings)
        let configuration = DatabaseConfiguration(url: url(settings.database), clock: clock, onCommit: onCommit)
        let database = try await Database.open(configuration, logger: logger)
        do {
            try await database.migrate()
            let cipher = try await Cipher.open(database, keys: keys, sealsContent: settings.encryptsContent)
            return Store(database: database, cipher: cipher, description: name(of: settings.database))
        } catch {
            await database.close()
            throw error
        }
    }

    static func keyRing(_ settings: Settings) throws -> KeyRing {
        if let text = settings.encryptionKey { return try KeyRing(text: text) }
        guard case .sqlite(let path) = settings.database else {
            throw SettingsError(.encryptionKey, "is required with PostgreSQL")
        }
        return try EncryptionKeyFile.keyRing(beside: path)
    }

    /// Where ``keyRing(_:)`` finds the keys.
    static func keySource(_ settings: Settings) -> KeySource {
        guard settings.encryptionKey == nil, case .sqlite(let path) = settings.database else { return .setting }
        return .file(path: EncryptionKeyFile.path(beside: path))
    }

    static func url(_ database: Settings.Database) -> String {
        switch database {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgresql(let url): url
        }
    }

    static func name(of database: Settings.Database) -> String {
        switch database {
        case .sqlite(let path): return "SQLite (\(path))"
        case .postgresql(let url):
            // Everything up to the last "@" may hold a password; so may a query.
            let afterUser =
                url.lastIndex(of: "@").map { url[url.index(after: $0)...] } ?? url.dropFirst(url.hasPrefix("postgres:") ? 11 : 13)
            return "PostgreSQL (\(afterUser.prefix { $0 != "?" }))"
        }
    }
}

extension WallClock {
    /// The system's clock.
    static let system = WallClock { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
