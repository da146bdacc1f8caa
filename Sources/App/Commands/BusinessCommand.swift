import ArgumentParser
import Core
import Storage

/// Businesses: what is kept apart from each other on one server.
struct BusinessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "business", abstract: "Create and list businesses.",
        discussion: "With SQLite, one process at a time uses the database: stop the server first.",
        subcommands: [Create.self, List.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a business and print an admin API key for it, once.")

        @OptionGroup var configuration: ConfigurationOptions
        @Option(help: "Its name, as its clients see it.")
        var name: String

        func validate() throws {
            if let message = BusinessFields.name(name) { throw ValidationError("--name \(message)") }
        }

        func run() async throws {
            let secret = APIKeySecret()
            try await Store.with(try configuration.settings()) { [name] store in
                let business = try await store.database.write { tx in
                    let business = Business(
                        id: UUIDv7(at: tx.now), name: name, postalAddress: "", supportEmail: "", timezone: "UTC", hours: .standard,
                        defaultLanguage: "en", brandColor: "#2f6f4f", logoURL: nil)
                    try tx.insertBusiness(business)
                    let key = try tx.createAPIKey(business: business.id, name: "first key", secret: secret)
                    try tx.audit(AuditEntry(actor: .commandLine, action: "business.create"), business: business.id)
                    let entry = AuditEntry(actor: .commandLine, action: "api_key.create", target: key.id.description)
                    try tx.audit(entry, business: business.id)
                    return business
                }
                Console.say("id   \(business.id)")
                Console.say("key  \(secret.text)")
                Console.say("Keep the key now: only its hash is stored.")
                Console.say("People come in with: rapport user create --business \(business.id) --role admin --email …")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the businesses.")

        @OptionGroup var configuration: ConfigurationOptions

        func run() async throws {
            try await Store.with(try configuration.settings()) { store in
                let all = try await store.database.read { tx in try tx.businessIDs().compactMap { try tx.business($0) } }
                for business in all { Console.say("\(business.id)  \(business.name)") }
            }
        }
    }
}
