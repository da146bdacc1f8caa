import Core
import NIOCore
import Providers

/// How the parts of the emulators fit together.
struct EmulatedWorld: Sendable {
    let parts: EmulatorParts
    let catalog = TemplateCatalog()
    let windows = ConversationWindows()
    let people: People
    let oidc: OIDCEmulator
    let responder: EmulatorResponder
    let reset: @Sendable () -> Void

    private let http: SafeHTTP
    private let queues: [EmulatedProvider: CallbackQueue]

    init(_ configuration: EmulatorConfiguration, clock: WallClock, group: any EventLoopGroup) {
        let log = MessageLog(capacity: configuration.capacity, clock: clock)
        let http = SafeHTTP(
            eventLoopGroup: group, connectionsPerHost: max(1, configuration.callbacks.concurrency) * 2, connectTimeout: .seconds(5))
        let sender = CallbackSender(
            http: http, authToken: configuration.twilio.authToken, appSecret: configuration.whatsApp.appSecret,
            businessAccountID: configuration.whatsApp.businessAccountID, connectTo: configuration.connectTo)
        // A queue for each, so that one product endpoint that hangs does not hold up the other.
        var queues: [EmulatedProvider: CallbackQueue] = [:]
        for provider in EmulatedProvider.allCases {
            queues[provider] = CallbackQueue(
                sender: sender, log: log, clock: clock, latency: configuration.latency, group: group,
                concurrency: configuration.callbacks.concurrency)
        }
        let catalog = catalog
        let reporter = StatusReporter(
            log: log, queues: queues, latency: configuration.latency, group: group, clock: clock,
            callback: Self.callback(configuration, catalog))
        let parts = EmulatorParts(
            configuration: configuration, clock: clock, log: log, behaviours: BehaviourTable(), reporter: reporter, callbacks: sender)
        let (stopped, shelf, windows) = (StoppedSenders(), MediaShelf(), windows)
        let people = People(parts: parts, stopped: stopped, windows: windows)
        let reset: @Sendable () -> Void = {
            parts.log.reset()
            parts.behaviours.reset()
            stopped.reset()
            shelf.reset()
            windows.reset()
        }
        let oidc = OIDCEmulator(account: configuration.oidc, clock: clock)
        let control = ControlAPI(parts: parts, people: people, catalog: catalog, reset: reset)
        responder = EmulatorResponder(
            twilio: TwilioEmulator(parts: parts, stopped: stopped),
            whatsApp: WhatsAppEmulator(parts: parts, catalog: catalog, shelf: shelf, windows: windows), oidc: oidc,
            control: control,
            pages: EmulatorPages(parts: parts, people: people, reset: reset))
        self.parts = parts
        self.people = people
        self.oidc = oidc
        self.reset = reset
        self.http = http
        self.queues = queues
    }

    func close() async {
        for queue in queues.values { queue.close() }
        parts.log.close()
        await http.shutdown()
        // What was at work uses the event loops until here.
        for queue in queues.values { await queue.waitUntilIdle() }
    }

    private static func callback(
        _ configuration: EmulatorConfiguration, _ catalog: TemplateCatalog
    ) -> @Sendable (EmulatedMessage, MessageStatus, Int?, Timestamp) -> Callback? {
        let whatsApp = WhatsAppCallbacks(configuration)
        return { message, status, code, now in
            switch message.provider {
            case .twilio: return TwilioCallbacks.status(message, status, code: code, at: now, account: configuration.twilio)
            case .whatsapp:
                // Free text inside the window is a service conversation.
                let category = message.template.flatMap { id in catalog.all.first { $0.id == id } }?.category.rawValue.lowercased()
                return whatsApp.status(message, status, code: code, category: category ?? "service", at: now)
            }
        }
    }
}
