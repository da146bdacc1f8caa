import Core
import Logging
import Observability
import Providers
import ServiceLifecycle
import Storage
import Synchronization

/// Brings events to the businesses' endpoints: at least once, in order for each client, signed by the Standard Webhooks specification.
///
/// Several instances share the work through leases. A slow endpoint has a bounded number of exchanges and holds up nobody else.
public final class EventDispatcher: Service {
    let database: Database
    let cipher: Cipher
    let clock: WallClock
    let http: SafeHTTP
    /// An operator's decision, for development and closed networks; otherwise only the public Internet is reached, encrypted.
    let allowsPrivateNetworks: Bool
    let policy: WebhookRetryPolicy
    let timing: EventTiming
    let metrics: EngineMetrics
    let logger: Logger
    /// Marks every claim of this process; new on every start.
    let token = Int64.random(in: 1...Int64.max)
    let flights: EventFlights
    private let arrivals = RoundQueue<EventOutcome>()
    private let bell = Signal()
    private let isStopping = Atomic(false)

    public init(
        database: Database, cipher: Cipher, clock: WallClock, http: SafeHTTP, allowsPrivateNetworks: Bool,
        policy: WebhookRetryPolicy = .standard, timing: EventTiming = EventTiming(), logger: Logger,
        metrics: EngineMetrics = EngineMetrics(registry: MetricsRegistry())
    ) {
        self.database = database
        self.cipher = cipher
        self.clock = clock
        self.http = http
        self.allowsPrivateNetworks = allowsPrivateNetworks
        self.policy = policy
        self.timing = timing
        self.logger = logger
        self.metrics = metrics
        flights = EventFlights(overall: timing.overall)
    }

    /// Runs until graceful shutdown: then nothing new begins, what has begun may finish for some seconds, the rest is given back, and
    /// every outcome is durable before this returns.
    public func run() async throws {
        let wakeUps = database.eventWakeUps()
        let token = token
        try await database.write { tx in try tx.releaseAbandonedEventLeases(keeping: token) }
        await withGracefulShutdownHandler {
            async let recording: Void = recordArrivals()
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in wakeUps { self.bell.raise() } }
                group.addTask { await self.purgeRegularly() }
                await self.takeTurns()
                await self.drain()
                group.cancelAll()
            }
            arrivals.close()
            await recording
        } onGracefulShutdown: {
            self.isStopping.store(true, ordering: .relaxed)
            self.bell.raise()
        }
    }

    /// Distributes what is new, offers whatever is due once, and records what came of it. For tests and tools: ``run()`` does the same
    /// without waiting for the slowest.
    ///
    /// - Returns: how many events were offered.
    @discardableResult
    public func runOnce() async throws -> Int {
        while try await distribute() {}
        let claimed = try await claim()
        let outcomes = await withTaskGroup(of: EventOutcome.self) { group in
            for (due, signer) in claimed { group.addTask { await self.deliver(due, signer) } }
            var outcomes: [EventOutcome] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes
        }
        defer { release(outcomes) }
        try await record(outcomes)
        return outcomes.count
    }

    /// Forgets events that are too old to be replayed; returns how many those were.
    public func purge() async throws -> Int {
        guard let keep = timing.retentionSeconds else { return 0 }
        var total = 0
        while true {
            let removed = try await database.write { tx in try tx.purgeEvents(before: tx.now.adding(seconds: -keep), limit: 500) }
            total += removed
            if removed < 500 { return total }
        }
    }

    // MARK: Turns

    private func takeTurns() async {
        while !isStopping.load(ordering: .relaxed) && !Task.isCancelled {
            do {
                if try await turn() {
                    try? await Task.sleep(for: timing.pace)
                    continue
                }
            } catch {
                logger.error("events_not_claimed", metadata: ["error": "\(String(reflecting: error))"])
            }
            await bell.wait(atMost: timing.poll)
        }
    }

    /// - Returns: whether there was anything to do.
    private func turn() async throws -> Bool {
        let isMore = try await distribute()
        let claimed = try await claim()
        for (due, signer) in claimed {
            flights.launch {
                let outcome = await self.deliver(due, signer)
                self.arrivals.post(outcome)
            }
        }
        return isMore || !claimed.isEmpty
    }

    /// - Returns: whether more is left to distribute.
    private func distribute() async throws -> Bool {
        guard try await database.read({ tx in try tx.hasNewEvents() }) else { return false }
        let limit = timing.distributionLimit
        return try await database.write { tx in try tx.distributeEvents(limit: limit) } == limit
    }

    private func claim() async throws -> [(DueEvent, WebhookSigner)] {
        let endpoints = try await database.read { tx in try tx.endpointsWithDueEvents() }.shuffled()
        let now = clock.now()
        let places = endpoints.map { ($0, flights.reserve($0.id, limit: limit(of: $0, now))) }.filter { $0.1 > 0 }
        guard !places.isEmpty else { return [] }
        let (token, leaseUntil) = (token, now.adding(seconds: timing.leaseSeconds))
        do {
            let claimed = try await database.write { tx in
                try places.map { endpoint, limit in
                    try tx.claimEvents(endpoint: endpoint.id, limit: limit, token: token, leaseUntil: leaseUntil)
                }
            }
            var due: [(DueEvent, WebhookSigner)] = []
            for (place, events) in zip(places, claimed) {
                flights.leave(place.0.id, place.1 - events.count)
                let signer = WebhookSigner(endpoint: place.0, cipher: cipher, now: now)
                due += events.map { ($0, signer) }
            }
            return due
        } catch {
            for (endpoint, count) in places { flights.leave(endpoint.id, count) }
            throw error
        }
    }

    /// One that has answered nothing but failures for a while is only asked whether it works again: it neither is hammered nor takes
    /// the places of others.
    private func limit(of endpoint: WebhookEndpoint, _ now: Timestamp) -> Int {
        guard let since = endpoint.failingSince, now >= since.adding(seconds: timing.patienceSeconds) else { return timing.perEndpoint }
        return 1
    }

    // MARK: Outcomes

    private func recordArrivals() async {
        while let outcomes = await arrivals.next() {
            var pause = Duration.milliseconds(50)
            // Bounded: once the leases have run out, others offer these events again.
            for _ in 0..<100 {
                do {
                    try await record(outcomes)
                    break
                } catch {
                    logger.error(
                        "event_outcomes_not_recorded", metadata: ["count": "\(outcomes.count)", "error": "\(String(reflecting: error))"])
                    try? await Task.sleep(for: pause)
                    pause = min(pause * 2, .seconds(1))
                }
            }
            release(outcomes)
            bell.raise()
        }
    }

    private func record(_ outcomes: [EventOutcome]) async throws {
        guard !outcomes.isEmpty else { return }
        let (token, policy) = (token, policy)
        // In one order over all instances, so that their locks can not cross.
        let groups = Dictionary(grouping: outcomes, by: \.due.endpoint).sorted { $0.key < $1.key }
        let disabled = try await database.record { tx in
            var disabled: [(UUIDv7, String)] = []
            for (endpoint, outcomes) in groups {
                if let reason = try tx.finishEvents(outcomes, endpoint: endpoint, token: token, policy: policy) {
                    disabled.append((endpoint, reason))
                }
            }
            return disabled
        }
        for (endpoint, reason) in disabled {
            metrics.endpoints.disabled.increment()
            logger.critical("webhook_endpoint_disabled", metadata: ["endpoint_id": "\(endpoint)", "reason": "\(reason)"])
        }
        for outcome in outcomes { count(outcome) }
    }

    private func count(_ outcome: EventOutcome) {
        switch outcome.result {
        case .delivered: metrics.endpoints.deliveries["delivered"].increment()
        case .retry: metrics.endpoints.deliveries["retried"].increment()
        case .failed:
            metrics.endpoints.deliveries["failed"].increment()
            logger.warning(
                "event_given_up", metadata: ["endpoint_id": "\(outcome.due.endpoint)", "event_id": "\(outcome.due.event.id)"])
        case .released: break
        }
    }

    private func release(_ outcomes: [EventOutcome]) {
        for outcome in outcomes { flights.leave(outcome.due.endpoint, 1) }
    }

    // MARK: Ends

    private func drain() async {
        let alarm = Task { [timing, flights] in
            guard (try? await Task.sleep(for: timing.drain)) != nil else { return }
            flights.cutShort()
        }
        await flights.settle()
        alarm.cancel()
    }

    private func purgeRegularly() async {
        while !Task.isCancelled {
            do {
                _ = try await purge()
            } catch {
                logger.warning("events_not_purged", metadata: ["error": "\(String(reflecting: error))"])
            }
            try? await Task.sleep(for: timing.purgeInterval)
        }
    }
}
