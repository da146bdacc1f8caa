import Core
import Logging
import Observability
import ServiceLifecycle
import Storage
import Synchronization

/// Writes down who looked at whose data.
///
/// A look of a person is durable before the answer goes out. Looks of programs are gathered for a second and added up: who reads
/// thousands of clients a second pays for a table in memory and not for a transaction each time.
public final class AccessLog: Service, Sendable {
    private struct Key: Hashable {
        var client: ClientID
        var business: BusinessID
        var actor: String
        var kind: AccessKind
        /// Lines are for whole hours.
        var hour: Int64

        init(_ client: ClientID, _ business: BusinessID, _ actor: String, _ kind: AccessKind, at time: Timestamp) {
            (self.client, self.business, self.actor, self.kind) = (client, business, actor, kind)
            hour = time.milliseconds / 3_600_000
        }
    }

    private struct Looks {
        var actor: Actor
        var views: Int
        var first: Timestamp
        var last: Timestamp
    }

    /// Several, so that requests on different threads seldom meet.
    private final class Shard: Sendable {
        let looks = Mutex<[Key: Looks]>([:])
    }

    private let database: Database
    private let clock: WallClock
    private let interval: Duration
    private let logger: Logger
    private let metrics: PrivacyMetrics
    private let shards: [Shard]
    private let mostPerShard: Int
    private static let shardCount = 16
    /// Lines of one transaction: few enough that writers behind it wait for milliseconds only.
    private static let linesAtOnce = 500

    /// - Parameters:
    ///   - interval: for how long looks of programs are gathered.
    ///   - capacity: of gathered lines; whoever looks beyond it waits until they are written.
    public init(
        database: Database, clock: WallClock, interval: Duration = .seconds(1), capacity: Int = 32_000,
        metrics: PrivacyMetrics = PrivacyMetrics(registry: MetricsRegistry()), logger: Logger
    ) {
        self.database = database
        self.clock = clock
        self.interval = interval
        self.logger = logger
        self.metrics = metrics
        shards = (0..<Self.shardCount).map { _ in Shard() }
        mostPerShard = max(1, capacity / Self.shardCount)
    }

    /// Call when the answer is known and before it is given. Clients that occur twice count once.
    ///
    /// - Throws: what the store throws, for a person: what can not be written down is not shown.
    public func note(_ actor: Actor, _ kind: AccessKind, _ clients: some Collection<ClientID> & Sendable, business: BusinessID) async throws
    {
        guard !clients.isEmpty else { return }
        switch actor.kind {
        case .key: for client in clients { try await gather(actor, kind, client, business) }
        case .user, .system:
            let now = clock.now()
            let lines = Set(clients).map {
                AccessLine(business: business, client: $0, actor: actor, kind: kind, views: 1, firstAt: now, lastAt: now)
            }
            try await database.write { tx in try tx.noteAccess(lines) }
        case .client, .provider: return
        }
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: self.interval)
                await self.flush()
            }
        }
        // Requests have ended by now: the server stops before this.
        await flush()
    }

    /// Writes down what was gathered. What the store does not take now is tried again, as far as there is room.
    public func flush() async {
        for shard in shards {
            let gathered = shard.looks.withLock { looks in
                defer { looks.removeAll(keepingCapacity: true) }
                return looks
            }
            guard !gathered.isEmpty else { continue }
            let lines = gathered.map { key, looks in
                AccessLine(
                    business: key.business, client: key.client, actor: looks.actor, kind: key.kind, views: looks.views,
                    firstAt: looks.first,
                    lastAt: looks.last)
            }
            for start in stride(from: 0, to: lines.count, by: Self.linesAtOnce) {
                let part = Array(lines[start..<min(start + Self.linesAtOnce, lines.count)])
                do {
                    try await database.record { tx in try tx.noteAccess(part) }
                } catch {
                    keep(part, in: shard)
                    logger.warning("access_log_not_written", metadata: ["error": "\(String(reflecting: error))"])
                }
            }
        }
    }

    private func gather(_ actor: Actor, _ kind: AccessKind, _ client: ClientID, _ business: BusinessID) async throws {
        let shard = shards[Self.index(of: client)]
        let now = clock.now()
        let key = Key(client, business, actor.id, kind, at: now)
        if add(Looks(actor: actor, views: 1, first: now, last: now), key, shard) { return }
        await flush()
        if !add(Looks(actor: actor, views: 1, first: now, last: now), key, shard) { metrics.looksLost.increment() }
    }

    /// False: there is no room.
    private func add(_ more: Looks, _ key: Key, _ shard: Shard) -> Bool {
        shard.looks.withLock { looks in
            if let index = looks.index(forKey: key) {
                looks.values[index].views += more.views
                looks.values[index].first = min(looks.values[index].first, more.first)
                looks.values[index].last = max(looks.values[index].last, more.last)
                return true
            }
            guard looks.count < mostPerShard else { return false }
            looks[key] = more
            return true
        }
    }

    private func keep(_ lines: [AccessLine], in shard: Shard) {
        for line in lines {
            let key = Key(line.client, line.business, line.actor.id, line.kind, at: line.firstAt)
            if !add(Looks(actor: line.actor, views: line.views, first: line.firstAt, last: line.lastAt), key, shard) {
                metrics.looksLost.increment(by: Int64(line.views))
            }
        }
    }

    private static func index(of client: ClientID) -> Int {
        var hash: UInt32 = 2_166_136_261
        for byte in client.text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return Int(hash % UInt32(shardCount))
    }
}

extension Call {
    /// Writes down that whoever calls was shown data of these clients. Every handler that shows any calls it before it answers.
    func noteAccess(_ kind: AccessKind, _ clients: some Collection<ClientID> & Sendable) async throws {
        try await incoming.context.accessLog?.note(credential.actor, kind, clients, business: credential.business)
    }

    /// As ``noteAccess(_:_:)`` for one client.
    func noteAccess(_ kind: AccessKind, _ client: ClientID) async throws {
        try await noteAccess(kind, CollectionOfOne(client))
    }
}
