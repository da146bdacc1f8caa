import ArgumentParser

/// Brings the schema up to date. `serve` does the same at its start.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the database's schema up to date.",
        discussion: "The server does this at its start as well; run it alone to see it happen before the new version serves.")

    @OptionGroup var configuration: ConfigurationOptions

    func run() async throws {
        let settings = try configuration.settings()
        try await Store.with(settings) { store in
            Console.say("\(store.description): the schema is up to date.")
        }
    }
}
