import Core

/// One bound value.
public enum SQLValue: Sendable, Hashable {
    case null
    case int(Int64)
    case double(Double)
    case text(String)
    case bytes([UInt8])
    case bool(Bool)
    case time(Timestamp)
    case uuid(UUIDv7)
    /// JSON text.
    case json([UInt8])
}

/// A statement whose interpolated values are always bound, numbered `$1…` in order of appearance.
///
/// `"SELECT name FROM crm_clients WHERE client_id = \(id)"` can not be injected into: there is no way to splice text
/// except ``StringInterpolation/appendInterpolation(unsafeSQL:)``, which takes only literals.
public struct SQL: ExpressibleByStringInterpolation, Sendable {
    public var text: String
    public var binds: [SQLValue] = []

    public init(stringLiteral value: String) {
        text = value
    }

    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        binds = stringInterpolation.binds
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var binds: [SQLValue] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 3)
            binds.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        private mutating func bind(_ value: SQLValue) {
            binds.append(value)
            text += "$\(binds.count)"
        }

        public mutating func appendInterpolation(_ value: SQLValue) { bind(value) }
        public mutating func appendInterpolation(_ value: String) { bind(.text(value)) }
        public mutating func appendInterpolation(_ value: String?) { bind(value.map(SQLValue.text) ?? .null) }
        public mutating func appendInterpolation(_ value: Int64) { bind(.int(value)) }
        public mutating func appendInterpolation(_ value: Int) { bind(.int(Int64(value))) }
        public mutating func appendInterpolation(_ value: Bool) { bind(.bool(value)) }
        public mutating func appendInterpolation(_ value: Timestamp) { bind(.time(value)) }
        public mutating func appendInterpolation(_ value: Timestamp?) { bind(value.map(SQLValue.time) ?? .null) }
        public mutating func appendInterpolation(_ value: UUIDv7) { bind(.uuid(value)) }
        public mutating func appendInterpolation(_ value: UUIDv7?) { bind(value.map(SQLValue.uuid) ?? .null) }
        public mutating func appendInterpolation(_ value: ClientID) { bind(.text(value.text)) }
        public mutating func appendInterpolation(_ value: Channel) { bind(.text(value.rawValue)) }
        public mutating func appendInterpolation(_ value: [UInt8]) { bind(.bytes(value)) }
        public mutating func appendInterpolation(_ value: [UInt8]?) { bind(value.map(SQLValue.bytes) ?? .null) }
        public mutating func appendInterpolation(json value: [UInt8]) { bind(.json(value)) }
        public mutating func appendInterpolation(json value: [UInt8]?) { bind(value.map(SQLValue.json) ?? .null) }
        public mutating func appendInterpolation(_ value: SealedValue?) { bind(value.map { .bytes($0.bytes) } ?? .null) }

        /// Text that goes into the statement as it is: a dialect's fragment, never anything from outside.
        public mutating func appendInterpolation(unsafeSQL text: StaticString) { self.text += "\(text)" }
        /// A condition or fragment built of its own bound values.
        public mutating func appendInterpolation(_ fragment: SQL) {
            var rest = Substring(fragment.text)
            for (index, value) in fragment.binds.enumerated() {
                guard let range = rest.firstRange(of: "$\(index + 1)") else { break }
                text += rest[..<range.lowerBound]
                bind(value)
                rest = rest[range.upperBound...]
            }
            text += rest
        }
    }
}
