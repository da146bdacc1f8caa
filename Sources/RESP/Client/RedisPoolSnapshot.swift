/// What a client's connections are doing.
public struct RedisPoolSnapshot: Sendable, Hashable {
    /// Connections that are ready.
    public var open: Int
    /// Those of them with something under way.
    public var inUse: Int
    /// Commands and pipelines under way or waiting.
    public var pending: Int

    public init(open: Int = 0, inUse: Int = 0, pending: Int = 0) {
        self.open = open
        self.inUse = inUse
        self.pending = pending
    }

    public var idle: Int { max(0, open - inUse) }
}
