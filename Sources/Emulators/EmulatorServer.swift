import Core
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Providers
import Synchronization

/// The emulators of Twilio, WhatsApp and an OpenID provider behind one socket; nothing of it survives the process.
///
/// ```swift
/// let emulator = try await EmulatorServer.start(configuration, clock: clock, on: group)
/// // TWILIO_API_URL=emulator.baseURL …
/// await emulator.shutdown()
/// ```
public final class EmulatorServer: Sendable {
    public let configuration: EmulatorConfiguration
    /// The port that it listens on.
    public let port: Int

    private let world: EmulatedWorld
    private let task: Task<Void, any Error>

    /// Listens and returns as soon as requests can come.
    ///
    /// - Parameter group: its loops carry the server, its callbacks and their timers; it must outlive the emulator.
    public static func start(
        _ configuration: EmulatorConfiguration = EmulatorConfiguration(), clock: WallClock, on group: any EventLoopGroup,
        logger: Logger = Logger(label: "emulator", factory: { _ in SwiftLogNoOpLogHandler() })
    ) async throws -> EmulatorServer {
        let world = EmulatedWorld(configuration, clock: clock, group: group)
        let (ports, listening) = AsyncThrowingStream.makeStream(of: Int.self, throwing: (any Error).self)
        let application = Application(
            responder: world.responder,
            server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: .minutes(15))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "rapport-emulator", backlog: 1024),
            onServerRunning: { channel in listening.yield(channel.localAddress?.port ?? configuration.port) },
            eventLoopGroupProvider: .shared(group),
            logger: logger)
        let task = Task {
            do {
                try await application.run()
                listening.finish()
            } catch {
                listening.finish(throwing: error)
                throw error
            }
        }
        do {
            for try await port in ports {
                return EmulatorServer(configuration: configuration, port: port, world: world, task: task)
            }
        } catch {
            await world.close()
            throw error
        }
        await world.close()
        throw CancellationError()
    }

    private init(configuration: EmulatorConfiguration, port: Int, world: EmulatedWorld, task: Task<Void, any Error>) {
        self.configuration = configuration
        self.port = port
        self.world = world
        self.task = task
    }

    /// `http://host:port`, for `TWILIO_API_URL` and `WHATSAPP_API_URL`.
    public var baseURL: String {
        "http://\(configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host):\(port)"
    }

    /// Ends every connection and drops what was to be reported.
    public func shutdown() async {
        task.cancel()
        _ = await task.result
        await world.close()
    }

    // MARK: What happened

    /// What was kept, newest first.
    public var messages: [EmulatedMessage] { world.parts.log.list() }

    /// Messages to `recipient`, newest first.
    public func messages(to recipient: String) -> [EmulatedMessage] { world.parts.log.list { $0.to == recipient } }

    /// Nil for an id that it never gave, or that it has forgotten.
    public func message(_ id: String) -> EmulatedMessage? { world.parts.log.message(id) }

    public var counters: EmulatorCounters { world.parts.log.counters }

    /// The latest requests to send, oldest first; at least as many as messages are kept.
    public var sends: [SendBeginning] { world.parts.log.beginnings }

    /// Returns once the counters satisfy `condition`, or the emulator has ended.
    public func wait(until condition: @escaping @Sendable (EmulatorCounters) -> Bool) async {
        await world.parts.log.wait(until: condition)
    }

    // MARK: What shall happen

    /// Messages to `recipient`, else those of `provider`, else all behave like this from now on; nil takes it back.
    public func behave(_ behaviour: Behaviour?, provider: EmulatedProvider? = nil, to recipient: String? = nil) {
        _ = world.parts.behaviours.set(behaviour, provider: provider, to: recipient)
    }

    /// A person writes; returns what the product answered.
    public func send(_ reply: EmulatedReply) async -> ReplyOutcome { await world.people.send(reply) }

    /// Takes the message to `status` and tells the product; false when it is not known.
    @discardableResult
    public func report(_ id: String, _ status: MessageStatus, code: Int? = nil) -> Bool {
        world.parts.reporter.report(id, status, code: code)
    }

    /// Adds a template or replaces the one of this name and language, without telling anybody.
    public func put(_ template: EmulatedTemplate) { _ = world.catalog.put(template) }

    /// Opens the 24-hour window of a person, as if they had just written.
    public func openWindow(of person: String) {
        for id in configuration.whatsApp.phoneNumberIDs { world.windows.open(id, person, at: world.parts.clock.now()) }
    }

    /// Asks the product's WhatsApp webhook for the challenge; true when it proved to know the verification token.
    public func verifyWebhook() async -> Bool { await world.people.verify() }

    /// The OpenID provider's issuer, for `OIDC_ISSUER`.
    public var oidcIssuer: String { "\(baseURL)/\(OIDCEmulator.path)" }

    /// What was asked of the OpenID provider, by path below its issuer, oldest first.
    public var oidcRequests: [String] { world.oidc.requests }

    /// The OpenID provider does this wrong from now on; nil takes it back.
    public func setOIDC(fault: OIDCFault?) { world.oidc.set(fault: fault) }

    /// Who has an account at the OpenID provider from now on.
    public func setOIDC(people: [OIDCPerson]) { world.oidc.set(people: people) }

    /// The OpenID provider signs with its P-256 key in place of its RSA key.
    public func setOIDC(signsOnCurve: Bool) { world.oidc.set(signsOnCurve: signsOnCurve) }

    /// Forgets everything but templates that were added.
    public func reset() { world.reset() }
}
