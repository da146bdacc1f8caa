import ArgumentParser
import Communications
import Core
import Logging
import Metrics
import NIOCore
import Observability
import Storage
import Web

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The server.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the server.",
        discussion: """
            Brings the schema up to date, then serves the API and delivers messages until SIGTERM or SIGINT. What happens is logged as
            JSON lines on standard error.

            Settings (environment, or the file of --config) [default]:
            \(ConfigurationOptions.listOfSettings)
            """)

    @OptionGroup var configuration: ConfigurationOptions

    func run() async throws {
        let settings = try configuration.settings()
        // A reader of our output that goes away must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry, version: Rapport.version)
        let sink = LogSink()
        LoggingSystem.bootstrap { JSONLogHandler(component: $0, level: settings.logLevel, sink: sink) }
        MetricsSystem.bootstrap(PrometheusFactory(registry: registry))

        // Away from the main thread's executor: a call to an actor from there costs a thousand times as much.
        try await Task.detached {
            let assembly = try await Assembly.build(settings, registry: registry)
            // At once, because the key is nowhere else: what follows may still fail.
            if let key = assembly.bootstrap?.generatedKey {
                Console.say("API key (printed this once, keep it): \(key)\n")
            }
            do {
                try await assembly.run { port in
                    let complaints = assembly.web.returnAddresses?.complaints
                    Console.say(
                        Self.greeting(settings, port: port, database: assembly.store.description, complaints: complaints))
                }
                await assembly.store.database.close()
            } catch {
                await assembly.store.database.close()
                throw Self.explained(error, settings)
            }
        }.value
    }

    /// The usual reasons for which nobody can listen, in words.
    static func explained(_ error: any Error, _ settings: Settings) -> any Error {
        if let error = error as? InboundMailUnavailable {
            return explained(error.cause, host: error.host, port: error.port, .inboundHost, .inboundPort)
        }
        return explained(error, host: settings.host, port: settings.port, .host, .port)
    }

    private static func explained(
        _ error: any Error, host: String, port: Int, _ hostSetting: Setting, _ portSetting: Setting
    ) -> any Error {
        if error is SocketAddressError.UnknownHost { return SettingsError(hostSetting, "no address is known for '\(host.prefix(60))'") }
        guard let error = error as? IOError else { return error }
        switch error.errnoCode {
        case EADDRINUSE: return CommandFailure("\(portSetting.rawValue): \(host):\(port) is in use by another program")
        case EACCES: return CommandFailure("\(portSetting.rawValue): this user may not listen on port \(port)")
        case EADDRNOTAVAIL: return CommandFailure("\(hostSetting.rawValue): \(host) is no address of this machine")
        default: return error
        }
    }

    private static func cache(_ settings: Settings) -> String {
        if let redis = settings.cache.redis { return redis.name + (settings.cache.isEnabled ? "" : ", for rate counters only") }
        guard settings.cache.isEnabled else { return "switched off" }
        if case .sqlite = settings.database { return "in the process" }
        return "none"
    }

    /// Where mail comes back, if it does.
    private static func returning(_ settings: Settings, _ complaints: String?) -> String {
        guard let domain = settings.inbound.domain else { return "" }
        let place = settings.inbound.listener.map { ", taken on \($0.host):\($0.port)" } ?? ""
        return "\n  returns    \(domain)\(place)" + (complaints.map { "; complaints to \($0)" } ?? "")
    }

    /// What marketing mail lacks, if anything.
    private static func unsubscribing(_ settings: Settings) -> String {
        guard settings.mail != nil, settings.baseURL.hasPrefix("http://") else { return "" }
        return "\n             \(Settings.oneClickNeedsHTTPS)"
    }

    /// What the operator sees once the server listens.
    ///
    /// - Parameter complaints: the address to give to mailbox providers that send complaints.
    static func greeting(_ settings: Settings, port: Int, database: String, complaints: String? = nil) -> String {
        let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
        let address = "\(settings.access.certificateFile == nil ? "http" : "https")://\(host):\(port)"
        let mail = settings.mail.map { "\($0.host):\($0.port) as \($0.fromEmail)" }
        let sms = settings.twilio.map { "Twilio from \($0.senderList)" }
        let whatsApp = settings.whatsapp.map { "number \($0.phoneNumberID)" }
        return """
            Rapport \(Rapport.version) listens on \(address)
              database   \(database)
              cache      \(cache(settings))
              e-mail     \(mail ?? "sandbox")\(unsubscribing(settings))\(returning(settings, complaints))
              SMS        \(sms ?? "sandbox")
              WhatsApp   \(whatsApp ?? "sandbox")
              messages in the sandbox: \(address)/sandbox     API: \(address)/openapi.json
              Ctrl-C stops.
            """
    }
}
