import Core
import GRDB
import GRDBSQLite

/// A connection inside one of GRDB's accesses.
final class SQLiteSession: TransactionSession {
    private let database: GRDB.Database
    /// By ``SQLiteHotStatement``'s position; empty until the first of them is used (readers use none).
    private var hotStatements: [SQLiteStatement?] = []

    init(_ database: GRDB.Database) {
        self.database = database
    }

    /// Prepared on first use, and kept for as long as the session lives.
    func hot(_ name: SQLiteHotStatement) throws(DatabaseError) -> SQLiteStatement {
        if hotStatements.isEmpty { hotStatements = Array(repeating: nil, count: SQLiteHotStatement.allCases.count) }
        if let statement = hotStatements[name.rawValue] { return statement }
        let statement = try statement(name.text, buffer: SQLiteBindBuffer(capacity: 4096))
        hotStatements[name.rawValue] = statement
        return statement
    }

    private func statement(_ text: String, buffer: SQLiteBindBuffer? = nil) throws(DatabaseError) -> SQLiteStatement {
        do {
            return SQLiteStatement(try database.cachedStatement(sql: text), buffer: buffer)
        } catch {
            throw DatabaseError(grdb: error)
        }
    }

    func run(_ sql: SQL) throws(DatabaseError) -> [Row] {
        let statement = try statement(sql.text)
        try statement.bind(sql.binds)
        var rows: [Row] = []
        try statement.run { (columns) throws(DatabaseError) in rows.append(columns.row()) }
        return rows
    }

    func execute(_ sql: SQL) throws(DatabaseError) -> Int {
        let before = sqlite3_total_changes(database.sqliteConnection)
        let statement = try statement(sql.text)
        try statement.bind(sql.binds)
        try statement.run { (_) throws(DatabaseError) in }
        // `changes` keeps the last statement's number when this one changed nothing; the total counts triggers and cascades too.
        return sqlite3_total_changes(database.sqliteConnection) == before ? 0 : Int(sqlite3_changes(database.sqliteConnection))
    }

    func enqueue(_ sql: SQL) throws(DatabaseError) {
        let statement = try statement(sql.text)
        try statement.bind(sql.binds)
        try statement.run { (_) throws(DatabaseError) in }
    }

    func runAll(_ statements: [SQL]) throws(DatabaseError) -> [[Row]] {
        var all: [[Row]] = []
        all.reserveCapacity(statements.count)
        for statement in statements { all.append(try run(statement)) }
        return all
    }

    /// Rows that the last INSERT, UPDATE or DELETE changed; such a statement must just have run.
    var changes: Int {
        Int(sqlite3_changes(database.sqliteConnection))
    }

    /// True while a transaction is open; SQLite ends it by itself when the disk is full.
    var isInTransaction: Bool {
        sqlite3_get_autocommit(database.sqliteConnection) == 0
    }
}
