import ArgumentParser
import Core
import Storage

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
        @Option(help: "Days until the key expires. Without it, it does not.")
        var days: Int?

        func validate() throws {
            guard !name.isEmpty, name.utf8.count <= 200, name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
                throw ValidationError("--name must have 1 to 200 printable characters")
            }
            if let days, !(1...36500).contains(days) { throw ValidationError("--days must be a number from 1 to 36500") }
        }

        func run() async throws {
            let secret = APIKeySecret()
            try await Store.with(try configuration.settings()) { [name, days, owner] store in
                let business = try await owner.resolve(store)
                let key = try await store.database.write { tx in
                    let key = try tx.createAPIKey(
                        business: business, name: name, secret: secret,
                        expiresAt: days.map { tx.now.adding(seconds: Int64($0) * 86400) })
                    try tx.audit(AuditEntry(actor: .commandLine, action: "api_key.create", target: key.id.description), business: business)
                    return key
                }
                Console.say("id   \(key.id)")
                Console.say("key  \(secret.text)")
                Console.say("Keep the key now: only its hash is stored.")
            }
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
                    Console.say("\(key.id)  \(key.hint)  \(Self.state(of: key, now: now))  \(key.name)")
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
            abstract: "End a key's validity.",
            discussion: "Running servers may accept the key for up to 30 more seconds.")

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
