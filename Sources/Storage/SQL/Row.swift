import Core

/// One row of an answer. Access is by position, as selected; a value of another type throws, nothing traps.
public struct Row: Sendable, Hashable {
    public let values: [SQLValue]

    public init(_ values: [SQLValue]) {
        self.values = values
    }

    public var count: Int { values.count }

    /// The value at `index`; ``SQLValue/null`` counts as a value.
    public func value(_ index: Int) throws(DatabaseError) -> SQLValue {
        guard values.indices.contains(index) else { throw .decoding("no column \(index) among \(values.count)") }
        return values[index]
    }

    public func isNull(_ index: Int) throws(DatabaseError) -> Bool {
        try value(index) == .null
    }

    public func text(_ index: Int) throws(DatabaseError) -> String {
        guard let text = try textOrNil(index) else { throw Self.unexpected(.null, index, "text") }
        return text
    }

    public func textOrNil(_ index: Int) throws(DatabaseError) -> String? {
        switch try value(index) {
        case .null: nil
        case .text(let text): text
        case .uuid(let id): id.description
        case .json(let bytes): String(decoding: bytes, as: UTF8.self)
        case let other: throw Self.unexpected(other, index, "text")
        }
    }

    public func int64(_ index: Int) throws(DatabaseError) -> Int64 {
        guard let number = try int64OrNil(index) else { throw Self.unexpected(.null, index, "integer") }
        return number
    }

    public func int64OrNil(_ index: Int) throws(DatabaseError) -> Int64? {
        switch try value(index) {
        case .null: return nil
        case .int(let number): return number
        case .bool(let flag): return flag ? 1 : 0
        case .double(let number):
            guard let whole = Int64(exactly: number) else { throw Self.unexpected(.double(number), index, "integer") }
            return whole
        case let other: throw Self.unexpected(other, index, "integer")
        }
    }

    public func int(_ index: Int) throws(DatabaseError) -> Int {
        Int(try int64(index))
    }

    public func intOrNil(_ index: Int) throws(DatabaseError) -> Int? {
        try int64OrNil(index).map { Int($0) }
    }

    public func doubleOrNil(_ index: Int) throws(DatabaseError) -> Double? {
        switch try value(index) {
        case .null: nil
        case .double(let number): number
        case .int(let number): Double(number)
        case let other: throw Self.unexpected(other, index, "number")
        }
    }

    public func double(_ index: Int) throws(DatabaseError) -> Double {
        guard let number = try doubleOrNil(index) else { throw Self.unexpected(.null, index, "number") }
        return number
    }

    public func bool(_ index: Int) throws(DatabaseError) -> Bool {
        switch try value(index) {
        case .bool(let flag): flag
        case .int(let number): number != 0
        case let other: throw Self.unexpected(other, index, "boolean")
        }
    }

    public func time(_ index: Int) throws(DatabaseError) -> Timestamp {
        guard let time = try timeOrNil(index) else { throw Self.unexpected(.null, index, "time") }
        return time
    }

    public func timeOrNil(_ index: Int) throws(DatabaseError) -> Timestamp? {
        switch try value(index) {
        case .null: nil
        case .time(let time): time
        case .int(let milliseconds): Timestamp(milliseconds: milliseconds)
        case let other: throw Self.unexpected(other, index, "time")
        }
    }

    public func uuid(_ index: Int) throws(DatabaseError) -> UUIDv7 {
        guard let id = try uuidOrNil(index) else { throw Self.unexpected(.null, index, "uuid") }
        return id
    }

    public func uuidOrNil(_ index: Int) throws(DatabaseError) -> UUIDv7? {
        switch try value(index) {
        case .null: return nil
        case .uuid(let id): return id
        case .text(let text):
            guard let id = UUIDv7(text) else { throw .decoding("column \(index) is no uuid") }
            return id
        case let other: throw Self.unexpected(other, index, "uuid")
        }
    }

    public func bytes(_ index: Int) throws(DatabaseError) -> [UInt8] {
        guard let bytes = try bytesOrNil(index) else { throw Self.unexpected(.null, index, "bytes") }
        return bytes
    }

    public func bytesOrNil(_ index: Int) throws(DatabaseError) -> [UInt8]? {
        switch try value(index) {
        case .null: nil
        case .bytes(let bytes): bytes
        case let other: throw Self.unexpected(other, index, "bytes")
        }
    }

    /// JSON as the bytes of its text.
    public func json(_ index: Int) throws(DatabaseError) -> [UInt8] {
        guard let bytes = try jsonOrNil(index) else { throw Self.unexpected(.null, index, "json") }
        return bytes
    }

    public func jsonOrNil(_ index: Int) throws(DatabaseError) -> [UInt8]? {
        switch try value(index) {
        case .null: nil
        case .json(let bytes), .bytes(let bytes): bytes
        case .text(let text): Array(text.utf8)
        case let other: throw Self.unexpected(other, index, "json")
        }
    }

    public func channel(_ index: Int) throws(DatabaseError) -> Channel {
        guard let channel = Channel(rawValue: try text(index)) else { throw .decoding("column \(index) is no channel") }
        return channel
    }

    public func clientID(_ index: Int) throws(DatabaseError) -> ClientID {
        guard let id = ClientID(try text(index)) else { throw .decoding("column \(index) is no client id") }
        return id
    }

    public func status(_ index: Int) throws(DatabaseError) -> CommunicationStatus {
        guard let status = CommunicationStatus(rawValue: try text(index)) else { throw .decoding("column \(index) is no status") }
        return status
    }

    public func sealedOrNil(_ index: Int) throws(DatabaseError) -> SealedValue? {
        try bytesOrNil(index).map(SealedValue.init(bytes:))
    }

    /// Names the kind of the value, never the value.
    private static func unexpected(_ value: SQLValue, _ index: Int, _ expected: String) -> DatabaseError {
        let found =
            switch value {
            case .null: "null"
            case .int: "an integer"
            case .double: "a number"
            case .text: "text"
            case .bytes: "bytes"
            case .bool: "a boolean"
            case .time: "a time"
            case .uuid: "a uuid"
            case .json: "json"
            }
        return .decoding("column \(index) should be \(expected) and is \(found)")
    }
}
