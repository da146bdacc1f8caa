import Core

/// Many rows handed to one statement as a single JSON value, so that its text stays the same however many there are.
struct RowSet {
    enum Kind {
        case text, int, uuid, time
    }

    private let columns: [(name: StaticString, kind: Kind)]
    private var json = JSONWriter(capacity: 4096)
    private(set) var count = 0

    init(_ columns: (name: StaticString, kind: Kind)...) {
        self.columns = columns
        json.beginArray()
    }

    var isEmpty: Bool { count == 0 }

    /// - Parameter values: one for each column; no U+0000 in texts, which no engine's JSON holds.
    mutating func append(_ values: SQLValue...) {
        count += 1
        json.array { json in
            for value in values {
                switch value {
                case .text(let text): json.value(text)
                case .int(let number): json.value(number)
                case .uuid(let id): json.value(id.description)
                case .time(let time): json.value(time.milliseconds)
                case .null, .bool, .double, .bytes, .json: json.null()
                }
            }
        }
    }

    /// The rows as a table expression with the columns and their position `i`, from 0.
    func table(_ dialect: Dialect) -> SQL {
        var whole = json
        whole.endArray()
        var text = dialect == .sqlite ? "(SELECT key AS i" : "(SELECT t.i - 1 AS i"
        for (index, column) in columns.enumerated() { text += ", \(expression(index, column.kind, dialect)) AS \(column.name)" }
        text +=
            dialect == .sqlite
            ? " FROM json_each($1))" : " FROM jsonb_array_elements(CAST($1 AS jsonb)) WITH ORDINALITY AS t (v, i))"
        var table = SQL(stringLiteral: text)
        table.binds = [.json(whole.bytes)]
        return table
    }

    private func expression(_ index: Int, _ kind: Kind, _ dialect: Dialect) -> String {
        if dialect == .sqlite { return "json_extract(value, '$[\(index)]')" }
        return switch kind {
        case .text: "(t.v ->> \(index))"
        case .int: "CAST(t.v ->> \(index) AS bigint)"
        case .uuid: "CAST(t.v ->> \(index) AS uuid)"
        case .time: "(timestamptz 'epoch' + CAST(t.v ->> \(index) AS bigint) * interval '1 millisecond')"
        }
    }
}

extension SQLValue {
    static func optional(_ text: String?) -> SQLValue { text.map(SQLValue.text) ?? .null }
    static func optional(_ number: Int?) -> SQLValue { number.map { .int(Int64($0)) } ?? .null }
    static func optional(_ time: Timestamp?) -> SQLValue { time.map(SQLValue.time) ?? .null }
    static func optional(_ id: UUIDv7?) -> SQLValue { id.map(SQLValue.uuid) ?? .null }
}
