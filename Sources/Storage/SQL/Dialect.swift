import Core

/// The only places where the two engines' SQL differs.
public enum Dialect: Sendable, Hashable {
    case sqlite, postgresql

    /// Appended to a SELECT whose rows will be changed; `SKIP LOCKED` keeps two claims apart.
    public var forUpdateSkipLocked: SQL {
        self == .postgresql ? "FOR UPDATE SKIP LOCKED" : ""
    }

    /// Appended to a SELECT whose rows will be changed.
    public var forUpdate: SQL {
        self == .postgresql ? "FOR UPDATE" : ""
    }

    /// Case-insensitive LIKE with `\` as the escape character, as in `name \(dialect.likeIgnoringCase) \(pattern) ESCAPE '\\'`.
    /// SQLite folds ASCII only.
    public var likeIgnoringCase: SQL {
        self == .postgresql ? "ILIKE" : "LIKE"
    }

    /// Column types and clauses for the placeholders in migrations, which may stand in one another.
    func expand(_ template: String) -> String {
        var open: [String] = []
        var text = ""
        for character in template {
            switch character {
            case "{":
                open.append(text)
                text = ""
            case "}":
                guard let before = open.popLast() else { continue }
                text = before + expansion(of: text[...])
            default: text.append(character)
            }
        }
        return open.joined() + text
    }

    private func expansion(of placeholder: Substring) -> String {
        let parts = placeholder.split(separator: ":", maxSplits: 1)
        if parts.count == 2 {
            switch (parts[0], self) {
            case ("sqlite", _): return self == .sqlite ? String(parts[1]) : ""
            case ("postgresql", _): return self == .postgresql ? String(parts[1]) : ""
            case ("date", .sqlite): return "date(\(parts[1]) / 1000, 'unixepoch')"
            case ("date", .postgresql): return "CAST((\(parts[1]) AT TIME ZONE 'UTC') AS date)"
            case ("seconds", .sqlite): return "(\(parts[1])) / 1000.0"
            case ("seconds", .postgresql): return "CAST(EXTRACT(EPOCH FROM (\(parts[1]))) AS double precision)"
            case ("oneOf", _): return oneOf(parts[1].split(separator: ":", maxSplits: 1))
            default: break
            }
        }
        return Self.types[String(placeholder)].map { self == .sqlite ? $0.sqlite : $0.postgresql } ?? "{\(placeholder)}"
    }

    /// SQLite builds a b-tree for a list of more than two on every use of `IN`, also in a CHECK of every row; comparisons cost nothing.
    private func oneOf(_ parts: [Substring]) -> String {
        guard parts.count == 2 else { return "" }
        let values = parts[1].split(separator: ",").map { "'\($0)'" }
        return self == .sqlite
            ? values.map { "\(parts[0]) = \($0)" }.joined(separator: " OR ")
            : "\(parts[0]) IN (\(values.joined(separator: ", ")))"
    }

    private static let types: [String: (sqlite: String, postgresql: String)] = [
        "uuid": ("TEXT", "uuid"),
        "time": ("INTEGER", "timestamptz"),
        "json": ("TEXT", "jsonb"),
        // Kept byte for byte: `jsonb` refuses \u0000 and costs a parse that nothing here profits from.
        "document": ("TEXT", "json"),
        "bool": ("INTEGER", "boolean"),
        "bytes": ("BLOB", "bytea"),
        "int": ("INTEGER", "bigint"),
        "key": ("TEXT", "text COLLATE \"C\""),
        "channel": ("TEXT", "crm_channel"),
        "category": ("TEXT", "crm_category"),
        "urgency": ("TEXT", "crm_urgency"),
        "status": ("TEXT", "crm_status"),
        "withoutRowID": (" WITHOUT ROWID", ""),
        // Room on every page, so that status changes stay on it (HOT) and touch no index; a body below the target stays inline.
        "hot": ("", " WITH (fillfactor = 50, toast_tuple_target = 4096, autovacuum_vacuum_scale_factor = 0.05)"),
        // Rows come and go at full speed: the due index stays small only when dead entries are cleared soon.
        "queue": (
            // Keeps its rowid: rows due at the same moment are taken in the order of their arrival.
            "",
            " WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,"
                + " autovacuum_vacuum_cost_delay = 0)"
        ),
    ]
}
