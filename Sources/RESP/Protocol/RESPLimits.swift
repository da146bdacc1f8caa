/// What is accepted from a server. An answer beyond it ends the connection, never the process.
public struct RESPLimits: Sendable, Hashable {
    /// Bytes of one bulk string.
    public var maxBulkBytes: Int
    /// Bytes of one whole answer, with 64 for each value in it.
    public var maxAnswerBytes: Int
    /// Containers inside containers.
    public var maxDepth: Int
    /// Bytes of a line: a simple string, an error, a number.
    public var maxLineBytes: Int

    public init(maxBulkBytes: Int = 64 << 20, maxAnswerBytes: Int = 128 << 20, maxDepth: Int = 32, maxLineBytes: Int = 64 << 10) {
        self.maxBulkBytes = maxBulkBytes
        self.maxAnswerBytes = maxAnswerBytes
        self.maxDepth = maxDepth
        self.maxLineBytes = maxLineBytes
    }
}
