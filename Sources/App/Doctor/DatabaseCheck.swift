import Core
import FoundationEssentials
import Logging
import Storage

/// The database and the key of its personal data. Changes nothing.
struct DatabaseCheck: Sendable {
    let settings: Settings

    func run() async -> [Finding] {
        if case .sqlite(let path) = settings.database, !FileManager.default.fileExists(atPath: path) {
            return [.note("database", "\(path) does not exist yet; the server makes it, and its key, on its first start")]
        }
        let database: Database
        do {
            database = try await Database.open(
                DatabaseConfiguration(url: Store.url(settings.database), poolSize: 1, clock: .system),
                logger: Logger(label: "rapport.doctor", factory: { _ in SwiftLogNoOpLogHandler() }))
        } catch {
            return [Self.finding(opening: error)]
        }
        var findings = [Finding.well("database", "\(Store.name(of: settings.database)) opens, and its durability settings hold")]
        do {
            findings += try await engine(database)
            findings += try await schema(database)
        } catch {
            findings.append(.ill("database", "can not be read: \(Self.words(error))", mend: "see the database's own log"))
        }
        await database.close()
        return findings
    }

    private static func finding(opening error: DatabaseError) -> Finding {
        switch error {
        case .lockedByAnotherProcess:
            .note("database", "in use by another process, probably the running server; stop it for a full check")
        case .misconfigured(let line): .ill("database", line, mend: "set it as said, then run this again")
        case .unavailable(_, let details):
            .ill("database", "can not be reached (\(details))", mend: "check DATABASE_URL, and that the server runs and lets this user in")
        default: .ill("database", words(error), mend: "restore a backup, or see docs/operations.md")
        }
    }

    private static func words(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        return error.debugDescription
    }

    private func engine(_ database: Database) async throws -> [Finding] {
        guard database.dialect == .sqlite else {
            let version = try await database.read { tx in try tx.run("SHOW server_version").first?.text(0) }
            return [.well("database", "PostgreSQL \(version ?? "of unknown version")")]
        }
        let version = try await database.read { tx in try tx.run("SELECT sqlite_version()").first?.text(0) } ?? "?"
        return [Self.sqlite(version)]
    }

    /// Versions before 3.51.3 can damage the write-ahead log when two connections write and checkpoint at the same moment.
    static func sqlite(_ version: String) -> Finding {
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        guard numbers.count >= 2 else { return .note("database", "SQLite \(version)") }
        if numbers.lexicographicallyPrecedes([3, 35]) {
            return .ill("database", "SQLite \(version) is too old", mend: "install 3.35 or newer")
        }
        if numbers.lexicographicallyPrecedes([3, 51, 3]) {
            return .note(
                "database",
                "SQLite \(version) has a known flaw (before 3.51.3) when several connections write; this program writes with one only. "
                    + "Do not let other programs write to the file")
        }
        return .well("database", "SQLite \(version)")
    }

    private func schema(_ database: Database) async throws -> [Finding] {
        let applied: [String]
        do {
            applied = try await database.read { tx in
                try tx.run("SELECT name FROM rapport_migrations ORDER BY name").map { try $0.text(0) }
            }
        } catch DatabaseError.statement {
            return [.note("schema", "the database is empty; the server sets it up on its first start, or `rapport migrate`")]
        }
        let known = Database.migrationNames
        if let unknown = applied.last(where: { !known.contains($0) }) {
            return [.ill("schema", "made by a newer release (\(unknown))", mend: "start that release, or restore a backup")]
        }
        let missing = known.filter { !applied.contains($0) }
        guard missing.isEmpty else {
            return [.note("schema", "waits for \(missing.joined(separator: ", ")); the server applies it at its start")]
        }
        return [.well("schema", "up to date (\(applied.last ?? "empty"))"), await key(database), try await business(database)]
    }

    private func key(_ database: Database) async -> Finding {
        do {
            _ = try await Cipher.open(database, keys: try Store.keyRing(settings))
            return .well("encryption key", "opens what this database holds; keep a copy apart from the database")
        } catch let error as SettingsError {
            return .ill("encryption key", error.description, mend: "put the key back that belongs to this database")
        } catch {
            return .ill("encryption key", Self.words(error), mend: "put the key back that belongs to this database")
        }
    }

    private func business(_ database: Database) async throws -> Finding {
        let (count, nameless) = try await database.read { tx in
            let all = try tx.businessIDs()
            return (all.count, try all.filter { try tx.business($0)?.postalAddress.isEmpty ?? true }.count)
        }
        guard count > 0 else { return .note("business", "none yet; the server makes the first one and its API key on its first start") }
        if nameless > 0 {
            return .note(
                "business", "\(nameless) of \(count) without a postal address: marketing mail is refused",
                "set it with PUT /api/crm/business")
        }
        return .well("business", "\(count) with a postal address")
    }
}
