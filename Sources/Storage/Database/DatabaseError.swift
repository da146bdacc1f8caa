/// What can go wrong between the product and its store.
///
/// ``description`` never holds data, SQL or a path's content and may be shown; ``details`` is for the log.
public enum DatabaseError: Error, Sendable, Hashable {
    /// Serialization failure, deadlock or lock time-out; the same work may succeed when repeated.
    case transient(details: String)
    /// The store can't take or give data now: answer 503. Whether interrupted work was done is unknown to the caller.
    case unavailable(Unavailability, details: String)
    /// A rule of the schema refused the data.
    case constraint(ConstraintViolation)
    /// The file or the server says that stored data is damaged.
    case corrupt(details: String)
    /// The database was migrated by a newer release.
    case schemaTooNew(found: String)
    /// Another process holds the SQLite file.
    case lockedByAnotherProcess(path: String)
    /// The store or its settings can't keep the product's promises; one line for the operator.
    case misconfigured(String)
    /// A column holds something else than the code expects.
    case decoding(String)
    /// A statement that the engine doesn't accept: a defect of ours.
    case statement(code: String, details: String)
    /// A sealed value that can't be opened: other key, other row, or damaged.
    case sealed(String)
}

/// Why the store is out of reach.
public enum Unavailability: String, Sendable, Hashable {
    /// Connection refused or lost.
    case disconnected
    /// More requests wait than can be served in time.
    case overloaded
    /// Disk full, read-only file system, input/output error.
    case notWritable
    case timeout
    case closed
}

/// The schema's rule that was broken.
public struct ConstraintViolation: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case unique, foreignKey, check, notNull, other
    }

    public var kind: Kind
    /// The constraint, index or column as the engine names it; may be empty.
    public var name: String

    public init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }
}

extension DatabaseError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch self {
        case .transient: "The database asked to repeat the transaction."
        case .unavailable(.overloaded, _): "The database has more work waiting than it can do in time."
        case .unavailable(.notWritable, _): "The database can not be written to."
        case .unavailable(.closed, _): "The database is closed."
        case .unavailable: "The database can not be reached."
        case .constraint(let violation): "The database refused the data (\(violation.kind.rawValue))."
        case .corrupt: "The database is damaged."
        case .schemaTooNew(let found):
            "The database was migrated by a newer release of Rapport (\(found)). Start that release, or restore a backup."
        case .lockedByAnotherProcess:
            "Another process is using the SQLite database. One process at a time may use it: stop the other one first."
        case .misconfigured(let line): line
        case .decoding: "The database holds a value that can not be read."
        case .statement: "The database did not accept a statement."
        case .sealed(let line): line
        }
    }

    /// For the log: the engine's own words.
    public var details: String {
        switch self {
        case .transient(let details), .unavailable(_, let details), .corrupt(let details): details
        case .constraint(let violation): "\(violation.kind.rawValue) \(violation.name)"
        case .lockedByAnotherProcess(let path): path
        case .decoding(let line): line
        case .statement(let code, let details): "\(code) \(details)"
        case .schemaTooNew, .misconfigured, .sealed: description
        }
    }

    /// For the log: what it means and the engine's own words.
    public var debugDescription: String {
        details == description ? description : "\(description) (\(details))"
    }

    /// True where the same work may be repeated at once.
    var isTransient: Bool {
        if case .transient = self { true } else { false }
    }

    /// True where repeating work item by item can not help.
    var concernsEveryone: Bool {
        switch self {
        case .transient, .unavailable, .corrupt: true
        default: false
        }
    }
}
