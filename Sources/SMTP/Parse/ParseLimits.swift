/// How much of an incoming message is looked at. What lies beyond is as if it were not there: a message can be wrong in every way, but
/// it can not cost more than this.
public struct ParseLimits: Sendable, Hashable {
    /// Bytes of the whole message.
    public var bytes: Int
    /// Multiparts within one another.
    public var depth: Int
    /// Parts in all.
    public var parts: Int
    /// Header fields of one part.
    public var headers: Int
    /// Bytes of one part's header.
    public var headerBytes: Int
    /// Bytes of one header's value.
    public var valueBytes: Int

    public init(
        bytes: Int = 1 << 20, depth: Int = 10, parts: Int = 100, headers: Int = 300, headerBytes: Int = 1 << 17, valueBytes: Int = 1 << 13
    ) {
        self.bytes = bytes
        self.depth = depth
        self.parts = parts
        self.headers = headers
        self.headerBytes = headerBytes
        self.valueBytes = valueBytes
    }

    public static let standard = ParseLimits()
}
