extension SQL {
    /// `$1, $2, …` for the right side of `IN (…)`. Neither engine accepts an empty list: the caller asks for nothing then.
    static func list(_ values: [SQLValue]) -> SQL {
        var list = SQL(stringLiteral: "")
        list.binds = values
        list.text = values.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        return list
    }

    /// The conditions joined by `AND`; each keeps its own bound values.
    static func all(_ conditions: [SQL]) -> SQL {
        guard var joined = conditions.first else { return "TRUE" }
        for condition in conditions.dropFirst() {
            joined = "\(joined) AND \(condition)"
        }
        return joined
    }
}
