import GRDB
import GRDBSQLite

extension DatabaseError {
    /// From SQLite's extended result code and message.
    init(sqlite code: Int32, message: String) {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED:
            self = .transient(details: "sqlite \(code): \(message)")
        case SQLITE_CONSTRAINT:
            let name = message.split(separator: ":", maxSplits: 1).last.map { String($0.drop(while: { $0 == " " })) } ?? ""
            let kind: ConstraintViolation.Kind =
                switch code {
                case SQLiteExtended.unique, SQLiteExtended.primaryKey, SQLiteExtended.rowID: .unique
                case SQLiteExtended.foreignKey: .foreignKey
                case SQLiteExtended.check: .check
                case SQLiteExtended.notNull: .notNull
                default: .other
                }
            self = .constraint(ConstraintViolation(kind: kind, name: name))
        case SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOMEM:
            self = .unavailable(.notWritable, details: "sqlite \(code): \(message)")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self = .corrupt(details: "sqlite \(code): \(message)")
        default:
            self = .statement(code: "sqlite \(code)", details: message)
        }
    }

    init(grdb error: any Error) {
        switch error {
        case let error as DatabaseError: self = error
        case let error as GRDB.DatabaseError:
            self = DatabaseError(sqlite: error.extendedResultCode.rawValue, message: error.message ?? "")
        default: self = .unavailable(.disconnected, details: "\(type(of: error))")
        }
    }
}

/// Extended codes, which the C header defines by expressions that Swift does not import.
private enum SQLiteExtended {
    static let check = SQLITE_CONSTRAINT | 1 << 8
    static let foreignKey = SQLITE_CONSTRAINT | 3 << 8
    static let notNull = SQLITE_CONSTRAINT | 5 << 8
    static let primaryKey = SQLITE_CONSTRAINT | 6 << 8
    static let unique = SQLITE_CONSTRAINT | 8 << 8
    static let rowID = SQLITE_CONSTRAINT | 10 << 8
}
