import Communications
import Core
import Logging
import NIOPosix
import Observability
import RESP
import Storage
import Web

/// The caches of one process.
struct CacheParts: Sendable {
    /// What copies are kept in; nil where nothing may be kept.
    var cache: (any Cache)?
    var records: RecordCache?
    /// The cache, where it is this process's own and others may change what it holds copies of.
    var own: InProcessCache?
    /// Set whenever there is a Redis, also with caching switched off: rate counters are no copies.
    var redis: RedisCache?

    /// Records for whoever keeps something of his own beside: worth it only where instances share the cache.
    var sharedRecords: RecordCache? { redis == nil ? nil : records }

    /// The rate counters that other tools see.
    var sharedUsage: SharedUsage? {
        redis.map { redis in
            SharedUsage(
                read: { key in await redis.read(counter: key) },
                add: { key, count, seconds in _ = await redis.increment(key, by: count, seconds: seconds) })
        }
    }
}

extension Assembly {
    /// A loop of its own: an answer that waits behind HTTP would count as missing.
    private static let cacheLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    static func makeCache(_ settings: Settings, _ store: Store, _ clock: WallClock, _ metrics: EngineMetrics) async throws -> CacheParts {
        var parts = CacheParts()
        if let configuration = settings.cache.redis {
            parts.redis = RedisCache(
                configuration: configuration, eventLoop: cacheLoops.any(), logger: Logger(label: "rapport.cache"),
                patience: settings.cache.patience,
                onError: { metrics.apiErrors["cache", Self.category(of: $0)].increment() })
        }
        guard settings.cache.isEnabled else { return parts }
        if let redis = parts.redis {
            parts.cache = redis
        } else {
            let own = InProcessCache(clock: clock)
            parts.cache = own
            // The one process that uses an SQLite file makes every change itself; with PostgreSQL the instances tell each other.
            if case .postgresql = settings.database { parts.own = own }
        }
        if let cache = parts.cache, let first = try await store.database.read({ tx in try tx.businessIDs().first }) {
            parts.records = RecordCache(cache: cache, keys: CacheKeys(firstBusiness: first), seconds: settings.cache.seconds)
        }
        return parts
    }

    /// A cache that is away makes everything slower and nothing impossible.
    static func cacheCheck(_ parts: CacheParts, isEnabled: Bool) -> Readiness.Check {
        Readiness.Check("cache") {
            if let redis = parts.redis {
                guard let problem = await redis.health() else { return Readiness.Finding(.ok, detail: "Redis") }
                return Readiness.Finding(.degraded, detail: "Redis: \(problem)")
            }
            if !isEnabled { return Readiness.Finding(.ok, detail: "switched off") }
            return Readiness.Finding(.ok, detail: parts.cache == nil ? "none" : "in process")
        }
    }

    /// Numbers that cost nothing are read at every scrape.
    static func registerMetrics(of cache: (any Cache)?, in registry: MetricsRegistry) {
        let hits = registry.observedCounter("crm_cache_hits_total", help: "Records that the cache had.")
        let misses = registry.observedCounter("crm_cache_misses_total", help: "Records that the cache did not have.")
        guard let cache else { return }
        registry.onCollect {
            let counts = cache.counts
            hits.set(counts.hits)
            misses.set(counts.misses)
        }
    }

    private static func category(of error: RESPError) -> String {
        switch error {
        case .timeout, .noConnection, .connectionLost, .overloaded, .shutDown: "transient"
        case .authentication: "auth_failure"
        case .configuration, .protocolViolation: "permanent"
        case .server: "other"
        }
    }
}
