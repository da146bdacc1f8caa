/// How LOW messages to one client are gathered into one (specification 001, "Batching Rules").
public struct BatchRule: Sendable, Hashable {
    /// The number of messages at which a batch closes.
    public var maximum: Int
    /// Seconds that a batch stays open, up to a day.
    public var window: Int

    public init(maximum: Int = 3, window: Int = 300) {
        self.maximum = max(maximum, 1)
        self.window = min(max(window, 0), 86_400)
    }

    /// Three messages, five minutes.
    public static let standard = BatchRule()
}

/// A batch of LOW messages to one client that still waits for more.
public struct OpenBatch: Sendable, Hashable {
    public var id: UUIDv7
    public var channel: Channel
    /// How many messages it holds.
    public var count: Int
    public var closesAt: Timestamp

    public init(id: UUIDv7, channel: Channel, count: Int, closesAt: Timestamp) {
        self.id = id
        self.channel = channel
        self.count = count
        self.closesAt = closesAt
    }
}

/// Where a message stands with regard to batches.
public enum BatchPlacement: Sendable, Hashable {
    case alone
    /// Begins a batch that closes at the strategy's `sendAt`; the caller gives it an id.
    case open(closesAt: Timestamp)
    /// Goes into this batch. With `closesNow` it is the last one: the whole batch is sent at the strategy's `sendAt`.
    case join(id: UUIDv7, closesNow: Bool)
}
