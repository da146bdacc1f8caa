import CPQ

extension DatabaseError {
    /// From a failed result. The server's primary message names no data; its detail line, which does, is left out.
    init(postgres result: OpaquePointer?) {
        func field(_ code: Int32) -> String {
            PQresultErrorField(result, code).map { String(cString: $0) } ?? ""
        }
        let state = field(rapport_pg_sqlstate)
        // A missing value has no constraint of its own, but a column.
        let rule = state == "23502" ? field(rapport_pg_column) : field(rapport_pg_constraint)
        self.init(sqlState: state, message: field(rapport_pg_message), constraint: rule)
    }

    /// From an SQLSTATE (PostgreSQL manual, appendix A).
    init(sqlState state: String, message: String, constraint: String = "") {
        let details = "\(state) \(message)"
        switch state {
        case "40001", "40P01", "55P03": self = .transient(details: details)
        case "57014": self = .unavailable(.timeout, details: details)
        case "25006", "53100": self = .unavailable(.notWritable, details: details)
        case "57P01", "57P02", "57P03", "": self = .unavailable(.disconnected, details: details)
        case "XX001", "XX002": self = .corrupt(details: details)
        case "23505": self = .constraint(ConstraintViolation(kind: .unique, name: constraint))
        case "23503": self = .constraint(ConstraintViolation(kind: .foreignKey, name: constraint))
        case "23514": self = .constraint(ConstraintViolation(kind: .check, name: constraint))
        case "23502": self = .constraint(ConstraintViolation(kind: .notNull, name: constraint))
        default:
            switch state.prefix(2) {
            case "08": self = .unavailable(.disconnected, details: details)
            case "53", "58": self = .unavailable(.notWritable, details: details)
            case "23": self = .constraint(ConstraintViolation(kind: .other, name: constraint))
            default: self = .statement(code: state, details: message)
            }
        }
    }
}
