import ArgumentParser
import Core
import Storage
import Web

/// API keys: who may call.
struct APIKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key", abstract: "Create, list and revoke API keys.",
        discussion: "With SQLite, one process at a time uses the database: stop the server first.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a new key and print it once.")

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var owner: BusinessOption
        @Option(help: "What the key is for; people tell keys apart by it.")
        var name: String
        @Option(help: "What the key may do: admin (everything), agent or viewer. Without it and --scopes, admin.", transform: Self.role)
        var role: Role?
        @Option(help: "Exactly what the key may do, in place of a role; with commas: communications:write,clients:read")
        var scopes: String?
        @Option(help: "When the key ends: a date (2027-01-31), a time (2027-01-31T12:00:00Z) or a number of days (90d). Without it, never.")
        var expires: String?
        @Option(help: .hidden)
        var days: Int?

        func validate() throws {
            guard !name.isEmpty, name.utf8.count <= 200, name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
                throw ValidationError("--name must have 1 to 200 printable characters")
            }
            if let days, !(1...36500).contains(days) { throw ValidationError("--days must be a number from 1 to 36500") }
            if days != nil, expires != nil { throw ValidationError("--days and --expires say the same: choose one") }
            if role != nil, scopes != nil { throw ValidationError("--role and --scopes exclude each other") }
            if let scopes { _ = try Self.permissions(scopes) }
            if let expires { _ = try Self.expiry(expires, now: WallClock.system.now()) }
        }

        func run() async throws {
            let secret = APIKeySecret()
            let scopes = try scopes.map(Self.permissions)
            let end = expires ?? days.map { "\($0)d" }
            try await Store.with(try configuration.settings()) { [name, owner, role] store in
                let business = try await owner.resolve(store)
                let key = try await store.database.write { tx in
                    let key = try tx.createAPIKey(
                        business: business, name: name, secret: secret, role: role ?? .admin, scopes: scopes,
                        expiresAt: try end.map { try Self.expiry($0, now: tx.now) }, createdBy: .commandLine)
                    try tx.audit(
                        AuditEntry(
                            actor: .commandLine, action: "api_key.create", target: key.id.description, details: APIKeyJSON.details(key)),
                        business: business)
                    return key
                }
                Console.say("id   \(key.id)")
                Console.say("key  \(secret.text)")
                Console.say("may  \(key.scopes?.text ?? key.role.rawValue)\(key.expiresAt.map { ", until \($0.rfc3339)" } ?? "")")
                Console.say("Keep the key now: only its hash is stored.")
            }
        }

        static func role(_ text: String) throws -> Role {
            guard let role = Role(rawValue: text) else { throw ValidationError("--role must be admin, agent or viewer") }
            return role
        }

        /// `clients:read,clients:write`; spaces separate as well.
        static func permissions(_ text: String) throws -> PermissionSet {
            let names = text.split { $0 == "," || $0 == " " }
            guard !names.isEmpty else { throw ValidationError("--scopes must name at least one") }
            return PermissionSet(
                try names.map { name in
                    guard let permission = Permission(rawValue: String(name)) else {
                        let known = Permission.allCases.map(\.rawValue).joined(separator: ", ")
                        throw ValidationError("--scopes: there is no '\(name.prefix(60))'; there are \(known)")
                    }
                    return permission
                })
        }

        static func expiry(_ text: String, now: Timestamp) throws -> Timestamp {
            let time: Timestamp?
            if text.hasSuffix("d"), let days = Int64(text.dropLast()) {
                time = (1...36_500).contains(days) ? now.adding(seconds: days * 86_400) : nil
            } else {
                time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "T00:00:00Z")
            }
            guard let time, time > now else {
                throw ValidationError("--expires must be a date or time in the future, or a number of days such as 90d")
            }
            return time
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys, also revoked and expired ones.")

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var owner: BusinessOption

        func run() async throws {
            try await Store.with(try configuration.settings()) { [owner] store in
                let business = try await owner.resolve(store)
                let (keys, now) = try await store.database.read { tx in (try tx.apiKeys(business: business), tx.now) }
                for key in keys {
                    let rights = key.scopes?.text.replacing(" ", with: ",") ?? key.role.rawValue
                    let used = key.lastUsedAt.map { "used \($0.rfc3339.prefix(10))" } ?? "never used"
                    Console.say("\(key.id)  \(key.hint)  \(Self.state(of: key, now: now))  \(used)  \(key.name)  (\(rights))")
                }
            }
        }

        static func state(of key: APIKey, now: Timestamp) -> String {
            if key.revokedAt != nil { return "revoked" }
            if let end = key.expiresAt, end <= now { return "expired" }
            return "valid  "
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a key's validity, at once on all running servers.")

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var owner: BusinessOption
        @Argument(help: "The key's id, as `rapport api-key list` shows it.")
        var id: String

        func run() async throws {
            guard let id = UUIDv7(id) else { throw CommandFailure("'\(id.prefix(60))' is no id of a key") }
            try await Store.with(try configuration.settings()) { [owner] store in
                let business = try await owner.resolve(store)
                let isRevoked = try await store.database.write { tx in
                    guard try tx.revokeAPIKey(id, business: business) else { return false }
                    try tx.audit(AuditEntry(actor: .commandLine, action: "api_key.revoke", target: id.description), business: business)
                    return true
                }
                guard isRevoked else { throw CommandFailure("there is no such key, or it was revoked before") }
                Console.say("revoked")
            }
        }
    }
}

/// Which business a command is about.
struct BusinessOption: ParsableArguments {
    @Option(help: "The business's id; needed where there is more than one.")
    var business: String?

    func resolve(_ store: Store) async throws -> BusinessID {
        let all = try await store.database.read { tx in try tx.businessIDs() }
        if let business {
            guard let id = UUIDv7(business), all.contains(id) else { throw CommandFailure("there is no business \(business.prefix(60))") }
            return id
        }
        guard let first = all.first else { throw CommandFailure("the database is empty; `rapport serve` makes the first business and key") }
        guard all.count == 1 else { throw CommandFailure("there is more than one business; choose one with --business") }
        return first
    }
}
