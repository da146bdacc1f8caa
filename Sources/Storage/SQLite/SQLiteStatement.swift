import Core
import GRDB
import GRDBSQLite

/// One prepared statement, bound and stepped through SQLite's C interface.
///
/// GRDB prepares, caches and finalizes; its own binding would box every value.
struct SQLiteStatement {
    private let statement: Statement
    private let raw: OpaquePointer

    init(_ statement: Statement) {
        self.statement = statement
        raw = statement.sqliteStatement
    }

    /// SQLite copies what it is given.
    /// SQLITE_TRANSIENT is the constant -1 cast to a function pointer (sqlite3.h), which C macros can't bring into Swift.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    func bind(_ values: [SQLValue]) throws(DatabaseError) {
        guard sqlite3_bind_parameter_count(raw) == Int32(values.count) else {
            throw .statement(code: "binds", details: "the statement takes \(sqlite3_bind_parameter_count(raw)) values, not \(values.count)")
        }
        var index: Int32 = 1
        for value in values {
            try bind(value, at: index)
            index += 1
        }
    }

    func bind(_ value: SQLValue, at index: Int32) throws(DatabaseError) {
        let code: Int32 =
            switch value {
            case .null: sqlite3_bind_null(raw, index)
            case .int(let number): sqlite3_bind_int64(raw, index, number)
            case .double(let number): sqlite3_bind_double(raw, index, number)
            case .bool(let flag): sqlite3_bind_int64(raw, index, flag ? 1 : 0)
            case .time(let time): sqlite3_bind_int64(raw, index, time.milliseconds)
            case .text(let text): bindText(text, index)
            case .uuid(let id): bindText(id.description, index)
            case .bytes(let bytes):
                bytes.isEmpty
                    ? sqlite3_bind_zeroblob(raw, index, 0)
                    : bytes.withUnsafeBytes { sqlite3_bind_blob(raw, index, $0.baseAddress, Int32(clamping: $0.count), Self.transient) }
            case .json(let bytes):
                bytes.withUnsafeBytes { buffer in
                    sqlite3_bind_text(
                        raw, index, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: buffer.count), Self.transient)
                }
            }
        guard code == SQLITE_OK else { throw DatabaseError(sqlite: code, message: "bind \(index)") }
    }

    private func bindText(_ text: String, _ index: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { buffer in
            // An empty string has no address, and a NULL address would bind NULL.
            guard let base = buffer.baseAddress, buffer.count > 0 else { return sqlite3_bind_text(raw, index, "", 0, Self.transient) }
            return base.withMemoryRebound(to: CChar.self, capacity: buffer.count) {
                sqlite3_bind_text(raw, index, $0, Int32(clamping: buffer.count), Self.transient)
            }
        }
    }

    /// Runs to the end and hands every row to `row`. Always leaves the statement ready for the next use.
    func run(_ row: (borrowing SQLiteColumns) throws(DatabaseError) -> Void) throws(DatabaseError) {
        defer { sqlite3_reset(raw) }
        while true {
            switch sqlite3_step(raw) {
            case SQLITE_DONE: return
            case SQLITE_ROW: try row(SQLiteColumns(raw: raw))
            default: throw currentError
            }
        }
    }

    private var currentError: DatabaseError {
        let database = sqlite3_db_handle(raw)
        let message = sqlite3_errmsg(database).map { String(cString: $0) } ?? ""
        return DatabaseError(sqlite: sqlite3_extended_errcode(database), message: message)
    }
}

/// The current row of a statement.
struct SQLiteColumns: ~Copyable {
    fileprivate let raw: OpaquePointer

    func row() -> Row {
        var values: [SQLValue] = []
        let count = sqlite3_column_count(raw)
        values.reserveCapacity(Int(count))
        for index in 0..<count { values.append(value(index)) }
        return Row(values)
    }

    private func value(_ index: Int32) -> SQLValue {
        switch sqlite3_column_type(raw, index) {
        case SQLITE_INTEGER: return .int(sqlite3_column_int64(raw, index))
        case SQLITE_FLOAT: return .double(sqlite3_column_double(raw, index))
        case SQLITE_NULL: return .null
        case SQLITE_BLOB:
            guard let base = sqlite3_column_blob(raw, index) else { return .bytes([]) }
            return .bytes(Array(UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(raw, index)))))
        default:
            guard let base = sqlite3_column_text(raw, index) else { return .text("") }
            let buffer = UnsafeBufferPointer(start: base, count: Int(sqlite3_column_bytes(raw, index)))
            return .text(String(decoding: buffer, as: UTF8.self))
        }
    }
}
