/// How often the cache of this process was asked, and with what result.
public struct CacheCounts: Sendable, Hashable {
    public var hits: Int
    public var misses: Int
    /// Questions that the cache could not answer: no connection, no answer in time, a refusal.
    public var errors: Int

    public init(hits: Int = 0, misses: Int = 0, errors: Int = 0) {
        self.hits = hits
        self.misses = misses
        self.errors = errors
    }

    /// Hits in percent of all questions; 0 before the first one.
    public var hitRate: Double {
        let questions = hits + misses
        return questions == 0 ? 0 : Double(hits) * 100 / Double(questions)
    }
}

/// The state of a cache, for people and monitoring.
public struct CacheStatistics: Sendable, Hashable {
    /// Where the entries are.
    public enum Backend: String, Sendable {
        case redis
        case inProcess = "in-process"
        case none
    }

    /// Connections to the server.
    public struct Pool: Sendable, Hashable {
        public var maxConnections: Int
        /// With a question under way.
        public var inUse: Int
        public var idle: Int
    }

    /// What Redis says about itself (`INFO`), all of its clients together.
    public struct Server: Sendable, Hashable {
        public var version: String?
        /// Bytes.
        public var usedMemory: Int?
        public var connectedClients: Int?
        public var keyspaceHits: Int?
        public var keyspaceMisses: Int?
        public var evictedKeys: Int?
        public var maxMemoryPolicy: String?
    }

    public var backend: Backend
    public var counts: CacheCounts
    /// Nil: not known, because the server is away.
    public var keys: Int?
    public var pool: Pool?
    public var server: Server?

    public init(backend: Backend, counts: CacheCounts, keys: Int? = nil, pool: Pool? = nil, server: Server? = nil) {
        self.backend = backend
        self.counts = counts
        self.keys = keys
        self.pool = pool
        self.server = server
    }
}
