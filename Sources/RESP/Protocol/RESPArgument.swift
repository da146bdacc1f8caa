/// One word of a command: bytes of any kind, which the server never takes apart.
public struct RESPArgument: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    public init(_ number: Int) {
        bytes = Array(String(number).utf8)
    }

    public init(stringLiteral text: String) {
        bytes = Array(text.utf8)
    }
}
