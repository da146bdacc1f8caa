import ArgumentParser
import Communications
import Core

/// Something to look at.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fill a fresh database with a small believable business.",
        discussion: """
            An event agency with twelve clients and their messages of the past weeks, made by the same rules and the same engine that
            serve. Nothing is sent: every channel is the sandbox, whatever the settings say. A database with clients or messages in it
            is refused.
            """)

    @OptionGroup var configuration: ConfigurationOptions

    func run() async throws {
        let settings = try configuration.settings()
        // Away from the main thread's executor, as in `serve`.
        let summary = try await Task.detached {
            let now = WallClock.system.now()
            let clock = DemoClock(now.adding(seconds: -42 * 86_400))
            return try await Store.with(settings, clock: clock.wallClock) { store in
                let links = LinkIssuer(
                    signer: LinkSigner(cipher: store.cipher, baseURL: settings.baseURL), lifetimeDays: settings.linkLifetimeDays)
                return try await DemoRun(store: store, clock: clock, now: now, firstAPIKey: settings.firstAPIKey, links: links).run()
            }
        }.value
        if let key = summary.apiKey { Console.say("API key (printed this once, keep it): \(key)\n") }
        let states = summary.states.map { "\($0.count) \($0.status)" }.joined(separator: ", ")
        Console.say("\(summary.clients) clients, \(summary.communications) communications: \(states)")
        Console.say("Start the server with the same DATABASE_URL and look at /sandbox.")
    }
}
