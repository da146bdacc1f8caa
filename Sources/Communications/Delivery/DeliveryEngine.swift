import Core
import Logging
import Observability
import ServiceLifecycle
import Storage

/// How the engine paces itself.
public struct DeliveryTiming: Sendable {
    /// Seconds for which a begun attempt is this process's own; a dead process's work is free after that.
    public var leaseSeconds: Int64 = 20
    /// How often leases of long attempts are renewed.
    public var heartbeat: Duration = .seconds(5)
    /// The net under all wake-ups.
    public var poll: Duration = .seconds(2)
    /// Messages per claim.
    public var claimLimit = 128
    /// How long begun attempts may take to finish once the process is asked to stop.
    public var drain: Duration = .seconds(7)
    /// How long a transport may take to say whether it works.
    public var check: Duration = .seconds(8)
    /// Count rates by the database server's clock, so that those of the instances need not agree; only where it has one.
    public var usesStoreClock = false
    /// How often in a row a lease may run out before a message is suspected of what the processes that take it die of. Many: one
    /// that waits behind others is taken over again and again, too, while the processes die of something else.
    public var mostTakeovers = 100
    /// When a provider counts as away.
    public var breaker = CircuitBreaker.Rule()

    public init() {}
}

/// Brings due communications to their transports and writes down what became of them.
///
/// A message begins in one of two ways: handed off by the transaction that accepted it, or claimed from the queue.
/// From there on both are an ``Attempt`` on a ``Lane``.
public final class DeliveryEngine: Service {
    let database: Database
    let clock: WallClock
    let register: FlightRegister
    let lanes: [Channel: Lane]
    let timing: DeliveryTiming
    /// Marks every claim of this process; new on every start.
    let token: Int64
    let composer: MessageComposer
    let addresses: AddressBook
    let gate: AttemptGate
    let policy: RetryPolicy
    let metrics: EngineMetrics
    let logger: Logger
    let recorder: OutcomeRecorder
    /// Rings when attempts were recorded whose messages receipts may name.
    let messagesKnown = Signal()
    let peers: PeerConsent
    private let stopping = Signal()

    /// - Parameters:
    ///   - rates: what each channel's provider account may send, over all instances; those of a transport with several senders
    ///     hold for each of them.
    ///   - sharedUsage: the same counters where other tools see them.
    ///   - preferences: copies that are out of date when a provider says that somebody opted out.
    public init(
        database: Database, addresses: AddressBook, clock: WallClock, transports: [Channel: any Transport], composer: MessageComposer,
        zones: ZoneCatalog, directory: Directory, policy: RetryPolicy = .standard, timing: DeliveryTiming = DeliveryTiming(),
        rates: [Channel: MessageRate] = [:], sharedUsage: SharedUsage? = nil, preferences: PreferencesCache? = nil,
        bounces: BouncePolicy = .standard, logger: Logger,
        metrics: EngineMetrics = EngineMetrics(registry: MetricsRegistry())
    ) {
        self.database = database
        self.addresses = addresses
        self.clock = clock
        self.composer = composer
        self.policy = policy
        self.timing = timing
        self.logger = logger
        let token = Int64.random(in: 1...Int64.max)
        self.token = token
        gate = AttemptGate(zones: zones, directory: directory, mostTakeovers: timing.mostTakeovers)
        self.metrics = metrics
        var lanes: [Channel: Lane] = [:]
        for (channel, transport) in transports {
            let pacer = rates[channel].map { rate in
                Pacer(
                    channel: channel, rate: rate, senders: transport.senders, database: database, shared: sharedUsage, holder: token,
                    holdSeconds: timing.leaseSeconds, usesStoreClock: timing.usesStoreClock, clock: clock)
            }
            lanes[channel] = Lane(channel: channel, transport: transport, pacer: pacer, breaker: timing.breaker)
        }
        let register = FlightRegister()
        self.lanes = lanes
        self.register = register
        peers = PeerConsent(line: database.peers, register: register)
        let consequences = Consequences(cipher: addresses.cipher, bounces: bounces)
        recorder = OutcomeRecorder(database: database, logger: logger) { refused in
            let changes = try await database.record { tx in
                try tx.lockAllConsent()
                return try refused.flatMap { try consequences.apply($0, tx) }
            }
            // What has begun is not waited for: its end comes by this recorder.
            for change in changes {
                _ = register.withdraw(business: change.business, client: change.client, channels: change.channels)
                await preferences?.forget(change.client, business: change.business)
            }
        } recorded: { [lanes, messagesKnown] outcomes in
            register.leave(outcomes.map(\.id))
            if outcomes.contains(where: { $0.channel != .email }) { messagesKnown.raise() }
            var places: [Channel: Int] = [:]
            for outcome in outcomes { places[outcome.channel, default: 0] += 1 }
            for (channel, count) in places { lanes[channel]?.release(count) }
        }
    }

    /// Runs until graceful shutdown: then no new claim or hand-off, what has begun finishes, the rest goes back to the
    /// queue, and every outcome is durable before this returns.
    public func run() async throws {
        try await gate.directory.preload()
        let abandoned = try await database.releaseAbandonedLeases(keeping: token)
        try await database.releaseAbandonedPermits(keeping: token)
        if abandoned > 0 { logger.warning("attempts_taken_over", metadata: ["count": "\(abandoned)"]) }
        await withGracefulShutdownHandler {
            async let recording: Void = recorder.run()
            await withTaskGroup(of: Void.self) { group in
                for lane in lanes.values {
                    group.addTask { await lane.transport.run() }
                    group.addTask { await self.dispatch(lane) }
                }
                group.addTask { await self.peers.run() }
                group.addTask { await self.renewLeases() }
                group.addTask { await self.listen() }
                await stopping.wait()
                await drain()
                peers.close()
                group.cancelAll()
            }
            recorder.close()
            await recording
            // What is on nobody's way any more must not be held until its time is over.
            for lane in lanes.values { await lane.pacer?.report() }
        } onGracefulShutdown: {
            self.stopping.raise()
        }
    }

    /// Stops attempts for this client that have not begun, and waits (briefly) for those that have: after it returns no
    /// send to the client on these channels begins, in this process or another one. Call it after the opt-out is durable and before it
    /// is acknowledged.
    public func settle(business: BusinessID, client: ClientID, channels: ChannelSet) async {
        await settle([ConsentChange(business: business, client: client, channels: channels)])
    }

    /// As ``settle(business:client:channels:)``, for many at once.
    func settle(_ changes: [ConsentChange]) async {
        let begun = register.withdraw(changes)
        async let elsewhere: Void = peers.settle(changes)
        await register.settled(begun, within: .seconds(1))
        await elsewhere
    }

    /// Attempts in flight, by channel.
    public var inFlight: [Channel: Int] {
        lanes.mapValues(\.inFlight)
    }

    /// What a channel's transport says of itself; nil when it is well. One that says nothing in time is not well.
    public func checkTransport(_ channel: Channel) async -> String? {
        guard let lane = lanes[channel] else { return "there is no such transport" }
        return await TransportCheck.run(lane.transport, within: timing.check)
    }

    private func drain() async {
        for lane in lanes.values { lane.close() }
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes.values {
                group.addTask { await lane.transport.stop(within: self.timing.drain) }
            }
        }
    }

    private func listen() async {
        for await _ in database.wakeUps() {
            for lane in lanes.values { lane.signal.raise() }
        }
    }

    private func renewLeases() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: timing.heartbeat)
            await renewLeasesOnce()
            for lane in lanes.values { await lane.pacer?.report() }
        }
    }

    /// Renews what would run out before the heartbeat after next.
    func renewLeasesOnce() async {
        let now = clock.now()
        let ending = register.leasesEnding(before: now.adding(seconds: timing.leaseSeconds - 8))
        guard !ending.isEmpty else { return }
        let until = now.adding(seconds: timing.leaseSeconds)
        do {
            let kept = try await database.extendLeases(ending, token: token, until: until)
            register.extend(kept, until: until)
            let lost = Set(ending).subtracting(kept)
            if !lost.isEmpty { register.withdraw(Array(lost)) }
        } catch {
            logger.warning("leases_not_renewed", metadata: ["count": "\(ending.count)", "error": "\(String(reflecting: error))"])
        }
    }
}
