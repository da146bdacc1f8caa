import Core
import GRDB
import GRDBSQLite

/// One prepared statement, bound and stepped through SQLite's C interface.
///
/// GRDB prepares, caches and finalizes; its own binding would box every value.
struct SQLiteStatement {
    private let statement: Statement
    private let raw: OpaquePointer
    private let buffer: SQLiteBindBuffer?

    /// - Parameter buffer: for a statement that is kept; without one SQLite copies every value.
    init(_ statement: Statement, buffer: SQLiteBindBuffer? = nil) {
        self.statement = statement
        self.buffer = buffer
        raw = statement.sqliteStatement
    }

    /// Takes the values of one run, in order.
    func binder() -> SQLiteBinder {
        SQLiteBinder(raw, buffer: buffer)
    }

    func bind(_ values: [SQLValue]) throws(DatabaseError) {
        var binder = binder()
        for value in values { binder.add(value) }
        try binder.check()
    }

    /// Runs to the end and hands every row to `row`. Always leaves the statement ready for the next use.
    func run(_ row: (borrowing SQLiteColumns) throws(DatabaseError) -> Void) throws(DatabaseError) {
        defer { sqlite3_reset(raw) }
        while true {
            switch sqlite3_step(raw) {
            case SQLITE_DONE: return
            case SQLITE_ROW: try row(SQLiteColumns(raw))
            default: throw currentError
            }
        }
    }

    /// Runs a bound statement that answers with no rows.
    func run(_ binder: consuming SQLiteBinder) throws(DatabaseError) {
        try binder.check()
        try run()
    }

    /// Runs a statement that answers with no rows.
    func run() throws(DatabaseError) {
        let code = sqlite3_step(raw)
        guard code == SQLITE_DONE else {
            defer { sqlite3_reset(raw) }
            throw code == SQLITE_ROW ? .statement(code: "rows", details: "a statement without an answer has one") : currentError
        }
        sqlite3_reset(raw)
    }

    private var currentError: DatabaseError {
        let database = sqlite3_db_handle(raw)
        let message = sqlite3_errmsg(database).map { String(cString: $0) } ?? ""
        return DatabaseError(sqlite: sqlite3_extended_errcode(database), message: message)
    }
}
