import CPQ
import Core

/// A statement's answer, read out of libpq's memory.
enum PostgresResult {
    static func rows(_ result: OpaquePointer?) throws(DatabaseError) -> [Row] {
        let (rowCount, columnCount) = (PQntuples(result), PQnfields(result))
        guard rowCount > 0 else { return [] }
        let types = (0..<columnCount).map { UInt32(PQftype(result, $0)) }
        var rows: [Row] = []
        rows.reserveCapacity(Int(rowCount))
        for row in 0..<rowCount {
            var values: [SQLValue] = []
            values.reserveCapacity(types.count)
            for column in 0..<columnCount {
                guard PQgetisnull(result, row, column) == 0, let base = PQgetvalue(result, row, column) else {
                    values.append(.null)
                    continue
                }
                let bytes = UnsafeRawBufferPointer(start: base, count: Int(PQgetlength(result, row, column)))
                values.append(try decode(bytes, types[Int(column)]))
            }
            rows.append(Row(values))
        }
        return rows
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer, _ type: UInt32) throws(DatabaseError) -> SQLValue {
        switch type {
        case PostgresType.text, PostgresType.varchar, PostgresType.bpchar, PostgresType.name, PostgresType.unknown:
            return .text(String(decoding: bytes, as: UTF8.self))
        case PostgresType.int8: return .int(try integer(bytes))
        case PostgresType.int4: return .int(Int64(try integer(bytes) as Int32))
        case PostgresType.int2: return .int(Int64(try integer(bytes) as Int16))
        case PostgresType.oid: return .int(Int64(try integer(bytes) as UInt32))
        case PostgresType.bool: return .bool(bytes.first == 1)
        case PostgresType.uuid:
            return .uuid(
                UUIDv7(
                    high: try integer(UnsafeRawBufferPointer(rebasing: bytes.prefix(8))),
                    low: try integer(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(8)))))
        case PostgresType.timestamptz:
            let microseconds: Int64 = try integer(bytes)
            // Rounded towards the past, as the milliseconds were.
            let milliseconds = microseconds / 1000 - (microseconds % 1000 < 0 ? 1 : 0)
            return .time(Timestamp(milliseconds: milliseconds).adding(milliseconds: PostgresType.epoch))
        case PostgresType.bytea: return .bytes(Array(bytes))
        case PostgresType.json: return .json(Array(bytes))
        case PostgresType.jsonb: return .json(Array(bytes.dropFirst()))
        case PostgresType.float8: return .double(Double(bitPattern: try integer(bytes)))
        case PostgresType.float4: return .double(Double(Float(bitPattern: try integer(bytes))))
        case PostgresType.date: return .text(CivilDate.text(daysSince2000: try integer(bytes)))
        case PostgresType.numeric: return try numeric(bytes)
        case PostgresType.void: return .null
        default: throw .decoding("a column has a type (\(type)) that is not read here")
        }
    }

    private static func integer<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> T {
        guard bytes.count == MemoryLayout<T>.size else { throw .decoding("a number has \(bytes.count) bytes") }
        return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }

    /// `numeric_send`'s form: digits of base 10,000 with a weight; what SUM and AVG of integers give.
    private static func numeric(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> SQLValue {
        func word(_ index: Int) throws(DatabaseError) -> Int16 {
            guard bytes.count >= index * 2 + 2 else { throw .decoding("a numeric is cut short") }
            return Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: Int16.self))
        }
        let (digits, weight, sign) = (Int(try word(0)), Int(try word(1)), UInt16(bitPattern: try word(2)))
        guard sign == 0 || sign == 0x4000 else { return .double(.nan) }
        var whole: Int64? = 0
        var value = 0.0
        for index in 0..<max(digits, weight + 1) {
            let digit = index < digits ? Int64(try word(4 + index)) : 0
            if index <= weight {
                value = value * 10_000 + Double(digit)
                whole = whole.flatMap { current in
                    let (product, overflow) = current.multipliedReportingOverflow(by: 10_000)
                    let (sum, carry) = product.addingReportingOverflow(digit)
                    return overflow || carry ? nil : sum
                }
            } else if digit != 0 {
                whole = nil
                var scale = 1.0
                for _ in 0..<(index - weight) { scale *= 10_000 }
                value += Double(digit) / scale
            }
        }
        if let whole { return .int(sign == 0 ? whole : -whole) }
        return .double(sign == 0 ? value : -value)
    }
}

/// Calendar arithmetic for date columns.
enum CivilDate {
    /// `YYYY-MM-DD` of a day counted from 2000-01-01 (algorithm: Howard Hinnant, "chrono-compatible low-level date algorithms").
    static func text(daysSince2000 days: Int32) -> String {
        let z = Int(days) + 10_957 + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
}
