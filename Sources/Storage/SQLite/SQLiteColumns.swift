import Core
import GRDBSQLite

/// The current row of a statement. Access is by position, as selected; a value of another type throws, nothing traps.
struct SQLiteColumns: ~Copyable {
    private let raw: OpaquePointer

    init(_ raw: OpaquePointer) {
        self.raw = raw
    }

    func row() -> Row {
        var values: [SQLValue] = []
        let count = sqlite3_column_count(raw)
        values.reserveCapacity(Int(count))
        for index in 0..<count { values.append(value(index)) }
        return Row(values)
    }

    private func value(_ index: Int32) -> SQLValue {
        switch sqlite3_column_type(raw, index) {
        case SQLITE_INTEGER: .int(sqlite3_column_int64(raw, index))
        case SQLITE_FLOAT: .double(sqlite3_column_double(raw, index))
        case SQLITE_NULL: .null
        case SQLITE_BLOB: .bytes(Array(blob(index)))
        default: .text(String(decoding: text(index), as: UTF8.self))
        }
    }

    func isNull(_ index: Int32) -> Bool {
        sqlite3_column_type(raw, index) == SQLITE_NULL
    }

    func int64(_ index: Int32) throws(DatabaseError) -> Int64 {
        try expect(SQLITE_INTEGER, index, "an integer")
        return sqlite3_column_int64(raw, index)
    }

    func bool(_ index: Int32) throws(DatabaseError) -> Bool {
        try int64(index) != 0
    }

    func time(_ index: Int32) throws(DatabaseError) -> Timestamp {
        Timestamp(milliseconds: try int64(index))
    }

    func text(_ index: Int32) throws(DatabaseError) -> String {
        try expect(SQLITE_TEXT, index, "text")
        return String(decoding: text(index), as: UTF8.self)
    }

    func textOrNil(_ index: Int32) throws(DatabaseError) -> String? {
        isNull(index) ? nil : try text(index)
    }

    func bytes(_ index: Int32) throws(DatabaseError) -> [UInt8] {
        try expect(SQLITE_BLOB, index, "bytes")
        return Array(blob(index))
    }

    func bytesOrNil(_ index: Int32) throws(DatabaseError) -> [UInt8]? {
        isNull(index) ? nil : try bytes(index)
    }

    /// JSON as the bytes of its text, or what stands in its place sealed.
    func json(_ index: Int32) throws(DatabaseError) -> [UInt8] {
        if sqlite3_column_type(raw, index) == SQLITE_BLOB { return try bytes(index) }
        try expect(SQLITE_TEXT, index, "text")
        return Array(text(index))
    }

    func uuid(_ index: Int32) throws(DatabaseError) -> UUIDv7 {
        try expect(SQLITE_TEXT, index, "text")
        guard let id = UUIDv7(text: text(index)) else { throw .decoding("column \(index) is no uuid") }
        return id
    }

    /// Names the kind of the value, never the value.
    private func expect(_ type: Int32, _ index: Int32, _ name: String) throws(DatabaseError) {
        let found = sqlite3_column_type(raw, index)
        guard found == type else { throw .decoding("column \(index) should be \(name) and is of SQLite's type \(found)") }
    }

    /// Valid until the statement's next step.
    private func text(_ index: Int32) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: sqlite3_column_text(raw, index), count: Int(sqlite3_column_bytes(raw, index)))
    }

    /// Valid until the statement's next step.
    private func blob(_ index: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: sqlite3_column_blob(raw, index), count: Int(sqlite3_column_bytes(raw, index)))
    }
}
