/// One value of the Redis protocol, RESP3 with RESP2 as its older half.
public enum RESPValue: Sendable, Hashable {
    case null
    case simple(String)
    /// An error that the server answered; the first word is its kind (`ERR`, `NOAUTH`, …).
    case error(String)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case bulk([UInt8])
    indirect case array([RESPValue])
    indirect case set([RESPValue])
    /// Pairs in the order in which the server sent them.
    indirect case map([Pair])
    /// Out-of-band data: a message of a subscription, an invalidation.
    indirect case push([RESPValue])

    /// A key and its value.
    public struct Pair: Sendable, Hashable {
        public var key: RESPValue
        public var value: RESPValue

        public init(key: RESPValue, value: RESPValue) {
            self.key = key
            self.value = value
        }
    }
}
