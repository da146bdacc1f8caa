import ArgumentParser
import Core
import Emulators
import Logging
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// Stand-ins for Twilio, WhatsApp and an OpenID provider.
struct Emulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stand in for Twilio, WhatsApp and an OpenID provider, so that everything can be tried without accounts.",
        discussion: """
            Serves the parts of both APIs that the server uses, reports statuses by signed callbacks as the real ones do, and shows what
            was sent on a page, where people can also reply. Everything is kept in memory only. Some recipients' numbers cause errors on
            purpose: docs/emulators.md lists them.
            """)

    @Option(help: "Port to listen on.")
    var port = 8090

    @Option(help: "Address to listen on. The emulator trusts everybody who reaches it.")
    var host = "127.0.0.1"

    @Option(help: "The server's API_BASE_URL: where replies and WhatsApp's statuses go. Signatures cover it, letter for letter.")
    var callback = "http://localhost:8080"

    @Option(help: "Connect here for every callback, whatever host its address names (http://127.0.0.1:8080).")
    var connectTo: String?

    @Option(help: "realistic, none or milliseconds.", transform: Self.latency)
    var latency = EmulatedLatency.realistic

    @Option(help: "Messages kept.")
    var capacity = 10_000

    @Option(help: "The account's SID (Twilio).")
    var accountSid = TwilioAccount().accountSID

    @Option(help: "The account's token (Twilio); signs its callbacks.")
    var authToken = TwilioAccount().authToken

    @Option(help: "A number that may send SMS; may be repeated. Without it, every number may.")
    var smsFrom: [String] = []

    @Flag(help: "Stop words carry OptOutType, as with Twilio's Advanced Opt-Out.")
    var advancedOptOut = false

    @Option(help: "The id of a WhatsApp number; may be repeated.")
    var whatsappNumberId: [String] = []

    @Option(help: "The id of the WhatsApp business account.")
    var whatsappAccountId = WhatsAppAccount().businessAccountID

    @Option(help: "The access token (WhatsApp).")
    var accessToken = WhatsAppAccount().accessToken

    @Option(help: "The app's secret (WhatsApp); signs its callbacks.")
    var whatsappAppSecret = WhatsAppAccount().appSecret

    @Option(help: "The token that verifies the webhook (WhatsApp).")
    var verifyToken = WhatsAppAccount().verifyToken

    @Option(help: "What free text outside the 24-hour window leads to: later (a failure is reported), refused, open (it is delivered).")
    var window = WhatsAppAccount.WindowRule.failsLater

    @Option(help: "The e-mail address of whoever has an account at the OpenID provider; may be repeated.")
    var oidcEmail: [String] = []

    @Flag(help: "People read what is delivered to them by WhatsApp.")
    var reads = false

    @Option(help: "How often each callback comes.")
    var copies = 1

    @Flag(help: "Final statuses come first.")
    var shuffled = false

    @Flag(help: "The first callback comes before the answer to the request.")
    var early = false

    @Option(help: "Seconds added before the first callback.")
    var delay: Double = 0

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be a number from 0 to 65535") }
        guard (1...1_000_000).contains(capacity) else { throw ValidationError("--capacity must be a number from 1 to 1000000") }
        guard (1...100).contains(copies) else { throw ValidationError("--copies must be a number from 1 to 100") }
        guard (0...86_400).contains(delay) else { throw ValidationError("--delay must be a number of seconds up to 86400") }
        for (name, url) in [("--callback", callback), ("--connect-to", connectTo ?? callback)] {
            guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
                throw ValidationError("\(name) must be an http or https address")
            }
        }
    }

    func run() async throws {
        let configuration = emulatorConfiguration
        // Away from the main thread's executor, as in `serve`.
        try await Task.detached {
            let group = MultiThreadedEventLoopGroup.singleton
            let emulator: EmulatorServer
            do {
                emulator = try await EmulatorServer.start(configuration, clock: .system, on: group)
            } catch {
                throw CommandFailure("can not listen on \(configuration.host):\(configuration.port): \(error)")
            }
            Console.say(Self.greeting(emulator))
            let service = EmulatorService(emulator: emulator)
            try await ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [ServiceGroupConfiguration.ServiceConfiguration(service: service)],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: Logger(label: "emulate", factory: { _ in SwiftLogNoOpLogHandler() }))
            ).run()
        }.value
    }

    var emulatorConfiguration: EmulatorConfiguration {
        var configuration = EmulatorConfiguration()
        configuration.host = host
        configuration.port = port
        configuration.latency = latency
        configuration.callbackURL = callback
        configuration.connectTo = connectTo
        configuration.capacity = capacity
        configuration.callbacks.copies = copies
        configuration.callbacks.shuffled = shuffled
        configuration.callbacks.early = early
        configuration.callbacks.delay = delay
        configuration.twilio.accountSID = accountSid
        configuration.twilio.authToken = authToken
        configuration.twilio.senders = smsFrom.isEmpty ? nil : Set(smsFrom)
        if let first = smsFrom.first { configuration.twilio.serviceSender = first }
        configuration.twilio.advancedOptOut = advancedOptOut
        if !whatsappNumberId.isEmpty { configuration.whatsApp.phoneNumberIDs = whatsappNumberId }
        configuration.whatsApp.businessAccountID = whatsappAccountId
        configuration.whatsApp.accessToken = accessToken
        configuration.whatsApp.appSecret = whatsappAppSecret
        configuration.whatsApp.verifyToken = verifyToken
        configuration.whatsApp.window = window
        if !oidcEmail.isEmpty {
            configuration.oidc.people = oidcEmail.enumerated().map { index, email in
                OIDCPerson(subject: "person-\(index + 1)", email: email, name: String(email.prefix { $0 != "@" }))
            }
        }
        configuration.whatsApp.reads = reads
        return configuration
    }

    /// What to paste for the server.
    static func greeting(_ emulator: EmulatorServer) -> String {
        let configuration = emulator.configuration
        let callback = configuration.callbackURL ?? ""
        let lines = ([(.baseURL, callback)] + settings(of: emulator)).map { "    \($0.0.rawValue)=\($0.1)" }.joined(separator: "\n")
        return """
            Rapport's emulator of Twilio, WhatsApp and an OpenID provider listens on \(emulator.baseURL); callbacks go to \(callback)
              settings for `rapport serve`:
            \(lines)
              messages: \(emulator.baseURL)/     magic numbers: docs/emulators.md
              Ctrl-C stops.
            """
    }

    /// The settings of a server that is to use `emulator`.
    static func settings(of emulator: EmulatorServer) -> [(Setting, String)] {
        let configuration = emulator.configuration
        return [
            (.twilioURL, emulator.baseURL),
            (.twilioAccount, configuration.twilio.accountSID),
            (.twilioToken, configuration.twilio.authToken),
            (.twilioFrom, configuration.twilio.serviceSender),
            (.whatsappURL, emulator.baseURL + "/v25.0"),
            (.whatsappNumber, configuration.whatsApp.phoneNumberID),
            (.whatsappAccount, configuration.whatsApp.businessAccountID),
            (.whatsappToken, configuration.whatsApp.accessToken),
            (.whatsappSecret, configuration.whatsApp.appSecret),
            (.whatsappVerifyToken, configuration.whatsApp.verifyToken),
            (.oidcIssuer, emulator.oidcIssuer),
            (.oidcClient, configuration.oidc.clientID),
            (.oidcSecret, configuration.oidc.clientSecret),
        ]
    }

    private static func latency(_ text: String) throws -> EmulatedLatency {
        guard let latency = EmulatedLatency(text) else {
            throw ValidationError("--latency must be realistic, none or a number of milliseconds")
        }
        return latency
    }
}

extension WhatsAppAccount.WindowRule: ExpressibleByArgument {}

/// Runs until the command is to end.
private struct EmulatorService: Service {
    let emulator: EmulatorServer

    func run() async throws {
        try? await gracefulShutdown()
        await emulator.shutdown()
    }
}
