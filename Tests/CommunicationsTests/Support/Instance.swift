import Core
import Logging
import Storage
import TestSupport

@testable import Communications

/// What the provider accounts of a test allow.
struct Pace: Sendable {
    var rates: [Channel: MessageRate] = [:]
    /// The numbers that SMS leaves from.
    var senders: [String] = []
    var sharedUsage: SharedUsage?
}

/// One process of the product: its transports, its engine and its way in. Nothing runs but the recorder of outcomes.
struct Instance: Sendable {
    /// What stands behind the WhatsApp channel.
    enum WhatsAppForms: Sendable {
        /// Everything goes as text.
        case textOnly
        case account, sandbox
    }

    let clock: TestClock
    let database: Database
    let email: ScriptedTransport
    let sms: ScriptedTransport
    let whatsapp: ScriptedTransport
    let directory: Directory
    let templates: TemplateStore
    let preferences: PreferencesCache
    let engine: DeliveryEngine
    let orchestrator: Orchestrator
    let links: LinkIssuer

    init(
        _ database: Database, cipher: Cipher, clock: TestClock, capacity: Int, timing: DeliveryTiming, pace: Pace = Pace(),
        mail: (any Transport)? = nil, whatsApp forms: WhatsAppForms = .textOnly, smsPrices: SMSPrices? = nil
    ) {
        let wallClock = clock.wallClock
        self.clock = clock
        self.database = database
        email = ScriptedTransport("mail", capacity: capacity)
        sms = ScriptedTransport("text", capacity: capacity, senders: pace.senders)
        whatsapp = ScriptedTransport("chat", capacity: capacity)
        directory = Directory(database: database, clock: wallClock)
        templates = TemplateStore(database: database, clock: wallClock)
        let own = InProcessCache(clock: wallClock)
        let records = RecordCache(
            cache: own, keys: CacheKeys(firstBusiness: BusinessID(high: 0, low: 0)), seconds: 3600)
        preferences = PreferencesCache(
            database: database, directory: directory, records: records, own: database.dialect == .postgresql ? own : nil
        ) { preferences, client, json in
            json.member("client_id", client.text)
            json.member("opt_out_sms", preferences.optOuts.contains(.sms))
        }
        let zones = ZoneCatalog()
        let addresses = AddressBook(cipher: cipher)
        links = LinkIssuer(signer: LinkSigner(cipher: cipher, baseURL: "https://crm.example"))
        let composer =
            forms == .textOnly
            ? nil
            : WhatsAppComposer(database: database, addresses: addresses, clock: wallClock, isSandbox: forms == .sandbox)
        engine = DeliveryEngine(
            database: database, addresses: addresses, clock: wallClock,
            transports: [.email: mail ?? email, .sms: sms, .whatsapp: whatsapp],
            composer: MessageComposer(
                database: database, directory: directory, templates: templates, whatsApp: composer, links: links), zones: zones,
            directory: directory, timing: timing, rates: pace.rates, sharedUsage: pace.sharedUsage, preferences: preferences,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        orchestrator = Orchestrator(
            database: database, clock: wallClock, directory: directory, templates: templates, addresses: addresses, zones: zones,
            engine: engine, preferences: preferences, smsPrices: smsPrices)
    }

    /// Records outcomes while `body` runs.
    func running<T>(_ body: (Instance) async throws -> T) async throws -> T {
        let recording = Task { await engine.recorder.run() }
        do {
            let value = try await body(self)
            engine.recorder.close()
            await recording.value
            return value
        } catch {
            engine.recorder.close()
            await recording.value
            throw error
        }
    }

    /// Claims once on one channel and waits until everything that is not kept back by its transport has ended.
    func turn(_ channel: Channel) async throws {
        guard let lane = engine.lanes[channel] else { return }
        _ = await engine.runOnce(lane)
        try await quiet()
    }

    /// Claims on every channel, e-mail first, so that what falls back to SMS goes on in the same turn.
    func turn() async throws {
        for channel in [Channel.email, .sms, .whatsapp] { try await turn(channel) }
    }

    /// Returns once every attempt in flight is one that a transport keeps back.
    func quiet() async throws {
        while engine.inFlight.values.reduce(0, +) > email.kept + sms.kept + whatsapp.kept { try await breathe() }
    }

    /// Lets others run; ends a wait that a time limit has given up.
    func breathe() async throws {
        try Task.checkCancellation()
        await Task.yield()
    }
}
