import Core
import Logging
import Observability
import Storage
import Synchronization

/// What became of a request for a message.
public enum Submission: Sendable {
    /// Stored durably; the body answers the caller.
    case accepted(id: CommunicationID, body: [UInt8])
    /// The idempotency key was used before for the same request; the first answer again.
    case replayed(statusCode: Int, body: [UInt8])
}

/// The way in: decides about a request and stores the decision, all in one durable step.
public final class Orchestrator: Sendable {
    private let database: Database
    private let clock: WallClock
    public let directory: Directory
    private let templates: TemplateStore
    private let addresses: AddressBook
    private let zones: ZoneCatalog
    let engine: DeliveryEngine
    private let preferences: PreferencesCache?
    private let batchRule: BatchRule
    private let sandboxed: ChannelSet
    private let smsPrices: SMSPrices?

    public init(
        database: Database, clock: WallClock, directory: Directory, templates: TemplateStore, addresses: AddressBook, zones: ZoneCatalog,
        engine: DeliveryEngine, preferences: PreferencesCache? = nil, batchRule: BatchRule = .standard, smsPrices: SMSPrices? = nil
    ) {
        self.database = database
        self.clock = clock
        self.directory = directory
        self.templates = templates
        self.addresses = addresses
        self.zones = zones
        self.engine = engine
        self.preferences = preferences
        self.batchRule = batchRule
        self.smsPrices = smsPrices
        var sandboxed: ChannelSet = []
        for lane in engine.lanes.values where lane.transport.isSandbox { sandboxed.insert(ChannelSet(lane.channel)) }
        self.sandboxed = sandboxed
        database.peers.listen(Self.settingsTopic) { [directory, templates, whatsApp = engine.composer.whatsApp] text, _ in
            guard let business = UUIDv7(text) else { return }
            directory.forget(business)
            templates.forget(business)
            whatsApp?.forget(business)
        }
    }

    /// What instances call a change of a business's settings when they tell each other.
    private static let settingsTopic = "settings"

    /// Accepts a request. Returns once everything about it is durable.
    ///
    /// - Parameter requester: for the audit log; nil where nobody in particular asked.
    /// - Throws: ``ValidationError`` for what the request gets wrong, ``Refusal``, ``DatabaseError``.
    public func submit(
        _ request: CommunicationRequest, business: BusinessID, idempotency: IdempotencyClaim?, by requester: Requester? = nil
    ) async throws -> Submission {
        let planner = try await planner(for: request, business: business)
        let place = Place(
            engine: engine, id: planner.id, business: business, clientID: request.clientID, critical: planner.urgency == .critical)
        var reserving = planner
        reserving.reserve = { place.take($0, leaseUntil: $1) }
        var acceptance = Acceptance(
            business: business, id: planner.id, clientID: request.clientID, idempotency: idempotency,
            recipient: try request.recipient.map { try addresses.seal($0, business: business, client: request.clientID) },
            needsBatchState: planner.urgency == .low, requester: requester, plan: { [reserving] in try reserving.plan($0, now: $1) })
        acceptance.sealed = try database.content.seal(
            context: planner.context, files: request.attachments, of: planner.id, business: business)
        let result: AcceptanceResult
        do {
            result = try await database.accept(acceptance)
        } catch {
            place.giveBack()
            throw error
        }
        switch result {
        case .accepted(let plan):
            engine.metrics.communications[plan.messageType, plan.channel.rawValue, plan.status.rawValue].increment()
            await begin(plan, acceptance, request, place)
            // What a request says about its recipient is in their record now, and preferences show it.
            if plan.client.isChanged, request.recipient?.timezone != nil || request.recipient?.language != nil {
                await preferences?.forget(request.clientID, business: business)
            }
            return .accepted(id: acceptance.id, body: plan.answer)
        case .replayed(let statusCode, let answer):
            place.giveBack()
            return .replayed(statusCode: statusCode, body: answer)
        case .keyReused:
            place.giveBack()
            throw Refusal.idempotencyKeyReused
        case .keyInUse:
            place.giveBack()
            throw Refusal.idempotencyKeyInUse
        }
    }

    /// The answer that ``submit(_:business:idempotency:)`` would give now, with the rendered message; stores and sends nothing.
    public func preview(_ request: CommunicationRequest, business: BusinessID) async throws -> [UInt8] {
        let planner = try await planner(for: request, business: business)
        let recipient = try request.recipient.map { try addresses.seal($0, business: business, client: request.clientID) }
        let needsBatchState = planner.urgency == .low
        let (snapshot, now) = try await database.read { tx in
            (try tx.clientSnapshot(request.clientID, business: business, merging: recipient, batchState: needsBatchState), tx.now)
        }
        let plan = try planner.plan(snapshot, now: now)
        guard plan.status != .suppressed else { return plan.answer }
        do {
            let number =
                plan.channel == .email
                ? nil
                : try addresses.address(
                    of: plan.client, on: plan.channel, business: business, client: request.clientID)
            return try await MessagePreview(
                planner: planner, plan: plan, templates: templates, whatsApp: engine.composer.whatsApp, smsPrices: smsPrices,
                number: number,
                baseURL: engine.composer.links?.signer.baseURL
            ).answer
        } catch let error as TemplateError {
            throw ValidationError(errors: [FieldError(field: "context", message: "can not be rendered: \(error.message)")])
        }
    }

    /// - Parameter audit: whose doing it is, for the audit log.
    /// - Throws: ``Refusal/notFound``, ``Refusal/conflict(_:)`` once it is being sent or has ended.
    public func cancel(_ id: CommunicationID, business: BusinessID, audit: AuditEntry? = nil) async throws {
        let result = try await database.write { tx in
            let result = try CommunicationControl.cancel(id, business: business, tx)
            if let audit, result == .cancelled { try tx.audit(audit, business: business) }
            return result
        }
        switch result {
        case .cancelled: return
        case .notFound: throw Refusal.notFound
        case .tooLate(let status): throw Refusal.conflict("the communication is \(status.rawValue) and can not be cancelled any more")
        }
    }

    /// - Parameter audit: whose doing it is, for the audit log.
    /// - Throws: ``Refusal/notFound``, ``Refusal/conflict(_:)`` unless it has failed.
    public func retry(_ id: CommunicationID, business: BusinessID, audit: AuditEntry? = nil) async throws {
        let result = try await database.write { tx in
            let result = try CommunicationControl.retryFailed(id, business: business, due: tx.now, tx)
            if let audit, result == .queued { try tx.audit(audit, business: business) }
            return result
        }
        switch result {
        case .queued: return
        case .notFound: throw Refusal.notFound
        case .notFailed(let status): throw Refusal.conflict("the communication is \(status.rawValue); only failed ones can be tried again")
        }
    }

    /// Call after a change of a client's record or preferences is durable and before it is acknowledged (promise P4).
    public func consentChanged(business: BusinessID, client: ClientID, optedOut: ChannelSet) async {
        await consentChanged([ConsentChange(business: business, client: client, channels: optedOut)])
    }

    /// As ``consentChanged(business:client:optedOut:)``, for many at once.
    public func consentChanged(_ changes: [ConsentChange]) async {
        await preferences?.forget(changes.map { ($0.client, $0.business) })
        var questions = changes.filter { !$0.channels.isEmpty }
        // Also where nothing is withdrawn: whoever is acknowledged must find the change on every instance.
        if questions.isEmpty, preferences?.tellsPeers == true, let first = changes.first { questions = [first] }
        guard !questions.isEmpty else { return }
        await engine.settle(questions)
    }

    /// Call after the business, its message types, its templates or its WhatsApp mappings changed.
    public func settingsChanged(business: BusinessID) {
        directory.forget(business)
        templates.forget(business)
        engine.composer.whatsApp?.forget(business)
        database.peers.say(Self.settingsTopic, business.description)
    }

    /// Call after one of the business's templates changed.
    public func templateChanged(_ channel: Channel, _ name: String, business: BusinessID) async {
        await templates.forget(channel, name, business)
        settingsChanged(business: business)
    }

    private func begin(_ plan: AcceptancePlan, _ acceptance: Acceptance, _ request: CommunicationRequest, _ place: Place) async {
        switch plan.queue {
        case .handedOff(_, let leaseUntil):
            place.keep()
            await engine.launch(
                handedOff: Attempt(
                    handedOff: plan, acceptance: acceptance, request: request, leaseUntil: leaseUntil,
                    now: leaseUntil.adding(seconds: -engine.timing.leaseSeconds)))
        case .waiting:
            place.giveBack()
            if plan.status == .queued { engine.noteWaiting(plan.channel) }
        case .none:
            place.giveBack()
        }
    }

    private func planner(for request: CommunicationRequest, business: BusinessID) async throws -> Planner {
        let profile = try await directory.profile(of: business)
        guard var type = profile.messageType(named: request.messageType) else {
            throw ValidationError(errors: [FieldError(field: "message_type", message: "is not known")])
        }
        if let channels = request.channels { type.channels = channels }
        var writable = try await templates.writableChannels(business, type.name, language: profile.business.defaultLanguage)
        if let only = request.onlyChannel { writable.formIntersection(ChannelSet(only)) }
        guard !writable.isEmpty else {
            throw ValidationError(errors: [FieldError(field: "message_type", message: "has no template on any channel")])
        }
        return Planner(
            id: UUIDv7(at: clock.now()), request: request, profile: profile, type: type, urgency: request.urgency ?? type.defaultUrgency,
            writable: writable, zones: zones, batchRule: batchRule, sandboxed: sandboxed, leaseToken: engine.token,
            leaseSeconds: engine.timing.leaseSeconds, reserve: { _, _ in false })
    }
}

/// A place on a lane that is taken while a message is being stored. The plan may run more than once; the place is one.
private final class Place: Sendable {
    private let engine: DeliveryEngine
    private let id: CommunicationID
    private let business: BusinessID
    private let clientID: ClientID
    private let critical: Bool
    private let taken = Mutex<Channel?>(nil)

    init(engine: DeliveryEngine, id: CommunicationID, business: BusinessID, clientID: ClientID, critical: Bool) {
        self.engine = engine
        self.id = id
        self.business = business
        self.clientID = clientID
        self.critical = critical
    }

    func take(_ channel: Channel, leaseUntil: Timestamp) -> Bool {
        taken.withLock { taken in
            if let held = taken {
                if held == channel { return true }
                engine.unreserve(id, held)
                taken = nil
            }
            let flight = Flight(business: business, clientID: clientID, channel: channel, leaseUntil: leaseUntil)
            guard engine.reserve(id, flight, critical: critical) else { return false }
            taken = channel
            return true
        }
    }

    /// The message has begun; its end gives the place back.
    func keep() {
        taken.withLock { $0 = nil }
    }

    func giveBack() {
        let held = taken.withLock { taken in
            defer { taken = nil }
            return taken
        }
        if let held { engine.unreserve(id, held) }
    }
}
