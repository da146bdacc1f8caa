import Core
import Storage

/// How well the cache works (specification 002). Numbers of the whole installation, and nothing of what is in it.
struct CacheAPI: Sendable {
    /// Nil: caching is switched off, or there is nothing to cache in.
    let cache: (any Cache)?
    let isEnabled: Bool

    func statistics(_ call: Call) async throws -> Answer {
        var query = call.query
        try query.finish()
        let statistics = await cache?.statistics ?? CacheStatistics(backend: .none, counts: CacheCounts())
        let problem = await cache?.health()
        return .json { json in
            json.member("enabled", isEnabled)
            json.member("backend", statistics.backend.rawValue)
            json.member("healthy", problem == nil)
            json.member("detail", problem)
            json.member("local_hits", statistics.counts.hits)
            json.member("local_misses", statistics.counts.misses)
            json.member("local_errors", statistics.counts.errors)
            // Two decimals are enough for a percentage.
            json.member("local_hit_rate", (statistics.counts.hitRate * 100).rounded() / 100)
            json.member("total_keys", statistics.keys)
            Self.write(statistics.pool, &json)
            Self.write(statistics.server, &json)
        }
    }

    private static func write(_ pool: CacheStatistics.Pool?, _ json: inout JSONWriter) {
        guard let pool else { return json.null("connection_pool") }
        json.object("connection_pool") { json in
            json.member("max_connections", pool.maxConnections)
            json.member("in_use", pool.inUse)
            json.member("idle", pool.idle)
        }
    }

    private static func write(_ server: CacheStatistics.Server?, _ json: inout JSONWriter) {
        guard let server else { return json.null("redis") }
        json.object("redis") { json in
            json.member("used_memory", server.usedMemory)
            json.member("connected_clients", server.connectedClients)
            json.member("keyspace_hits", server.keyspaceHits)
            json.member("keyspace_misses", server.keyspaceMisses)
            json.member("evicted_keys", server.evictedKeys)
        }
    }
}
