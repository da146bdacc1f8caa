import Core

/// Object identifiers of PostgreSQL's built-in types (catalog `pg_type`), which never change.
enum PostgresType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let unknown: UInt32 = 705
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let date: UInt32 = 1082
    static let timestamptz: UInt32 = 1184
    static let numeric: UInt32 = 1700
    static let void: UInt32 = 2278
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802

    /// The array type of an element type.
    static func array(of element: UInt32) -> UInt32 {
        switch element {
        case bool: 1000
        case bytea: 1001
        case int4: 1007
        case text: 1009
        case int8: 1016
        case timestamptz: 1185
        case json: 199
        case uuid: 2951
        default: 0
        }
    }

    /// From 1970-01-01 to 2000-01-01, in milliseconds: PostgreSQL counts from the latter, in microseconds.
    static let epoch: Int64 = 946_684_800_000
}

extension [UInt8] {
    mutating func appendBigEndian<T: FixedWidthInteger>(_ value: T) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// The binary form of a value, without its length.
    mutating func append(binary value: SQLValue) {
        switch value {
        case .null: break
        case .int(let number): appendBigEndian(number)
        case .double(let number): appendBigEndian(number.bitPattern)
        case .bool(let flag): append(flag ? 1 : 0)
        case .text(let text): append(contentsOf: text.utf8)
        case .bytes(let bytes), .json(let bytes): append(contentsOf: bytes)
        case .uuid(let id):
            appendBigEndian(id.high)
            appendBigEndian(id.low)
        case .time(let time):
            let sinceEpoch = time.milliseconds.subtractingReportingOverflow(PostgresType.epoch)
            let microseconds = sinceEpoch.partialValue.multipliedReportingOverflow(by: 1000)
            // Beyond the year 290,000 the ends of the type's range stand for the time.
            let saturated = sinceEpoch.overflow || microseconds.overflow
            appendBigEndian(saturated ? (time.milliseconds > 0 ? Int64.max : Int64.min) : microseconds.partialValue)
        }
    }
}

extension SQLValue {
    /// The parameter type under which the value travels; 0 lets the server infer it.
    var postgresType: UInt32 {
        switch self {
        case .null: 0
        case .int: PostgresType.int8
        case .double: PostgresType.float8
        case .text: PostgresType.text
        case .bytes: PostgresType.bytea
        case .bool: PostgresType.bool
        case .time: PostgresType.timestamptz
        case .uuid: PostgresType.uuid
        case .json: PostgresType.json
        }
    }
}
