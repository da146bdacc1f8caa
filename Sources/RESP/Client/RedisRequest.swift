import NIOCore

/// Commands that travel together, and who waits for their answers.
struct RedisRequest: Sendable {
    /// The encoded commands.
    var bytes: ByteBuffer
    /// How many answers belong to it, 1 and up.
    var count: Int
    /// Called exactly once, on the event loop.
    var completion: @Sendable (Result<[RESPValue], RESPError>) -> Void
    /// When it fails for want of an answer. Set when it reaches the event loop.
    var deadline: NIODeadline = .distantFuture
}
