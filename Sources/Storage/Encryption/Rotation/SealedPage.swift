import Core

/// A row of a sealed column, as a walk through its table finds it.
struct SealedRow: Sendable {
    /// The keys' texts, in order; where the walk goes on.
    var keys: [String]
    /// Nil where the row it belongs to is gone.
    var business: BusinessID?
    /// What names the row in its values' place, where that is none of the keys.
    var rowName: String?
    var value: SealedValue?
    /// Looks sealed and is none.
    var isDamaged = false
}

/// Walking a sealed column's table along its primary key, so many rows at a time, however few of them hold a value: no statement
/// takes longer than the one before it.
extension SealedColumn {
    /// What of the values is read.
    enum Part {
        /// Everything, of values that another key than this one sealed.
        case foreign(to: String)
        /// Enough to tell the key.
        case name
    }

    /// Longest header of a sealed value: version, length of the key's name, its name.
    private static let headerLimit = 34

    func rows(after position: [String], _ part: Part, limit: Int, _ tx: Transaction) throws -> [SealedRow] {
        var list = keyList(alias: true)
        list = "\(list), \(ownerExpression), \(expression(part, tx.dialect))"
        if let rowName { list = "\(list), t.\(unsafeSQL: rowName.name)" }
        var condition: SQL = "TRUE"
        if !position.isEmpty { condition = "(\(keyList(alias: true))) > (\(SQL.list(try binds(position))))" }
        return try tx.run(
            """
            SELECT \(list) FROM \(unsafeSQL: tableName) t WHERE \(condition)
            ORDER BY \(keyList(alias: true)) LIMIT \(limit)
            """
        ).map(read)
    }

    /// Puts `new` in the place of `old`, if that is what stands there still.
    ///
    /// - Returns: false where somebody changed the value meanwhile.
    func replace(_ old: SealedValue, with new: SealedValue, keys: [String], _ tx: Transaction) throws -> Bool {
        let binds = try binds(keys)
        var condition: SQL = "TRUE"
        for (key, value) in zip(self.keys, binds) { condition = "\(condition) AND \(unsafeSQL: key.name) = \(value)" }
        let (column, table) = (columnName, tableName)
        switch form {
        case .bytes:
            condition = "\(condition) AND \(unsafeSQL: column) = \(old.bytes)"
            return try tx.execute("UPDATE \(unsafeSQL: table) SET \(unsafeSQL: column) = \(new.bytes) WHERE \(condition)") > 0
        case .text:
            condition = "\(condition) AND \(unsafeSQL: column) = \(old.text)"
            return try tx.execute("UPDATE \(unsafeSQL: table) SET \(unsafeSQL: column) = \(new.text) WHERE \(condition)") > 0
        case .json:
            // PostgreSQL's `json` has no equality of its own.
            condition = "\(condition) AND CAST(\(unsafeSQL: column) AS TEXT) = \(Self.jsonText(old))"
            let text = Array(Self.jsonText(new).utf8)
            return try tx.execute("UPDATE \(unsafeSQL: table) SET \(unsafeSQL: column) = \(json: text) WHERE \(condition)") > 0
        }
    }

    /// A sealed text as a JSON string: the mark escaped, the rest printable ASCII.
    static func jsonText(_ value: SealedValue) -> String {
        #""\u0001"# + value.text.dropFirst() + "\""
    }

    private func keyList(alias: Bool) -> SQL {
        var list: SQL = ""
        for (index, key) in keys.enumerated() { list = index == 0 ? "t.\(unsafeSQL: key.name)" : "\(list), t.\(unsafeSQL: key.name)" }
        return list
    }

    private var ownerExpression: SQL {
        switch owner {
        case .row: "t.business_id"
        case .communication: "(SELECT m.business_id FROM crm_communications m WHERE m.communication_id = t.communication_id)"
        case .endpoint: "(SELECT m.business_id FROM crm_webhook_endpoints m WHERE m.endpoint_id = t.endpoint_id)"
        case .installation: "NULL"
        }
    }

    private func expression(_ part: Part, _ dialect: Dialect) -> SQL {
        var column: SQL = "t.\(unsafeSQL: columnName)"
        if form == .json { column = "CAST(\(column) AS TEXT)" }
        let isThere: SQL = flag.map { "(\(column) IS NOT NULL AND t.\(unsafeSQL: $0))" } ?? "\(column) IS NOT NULL"
        switch part {
        case .name:
            // Text is read whole: a header in it has no fixed length, and it is short.
            if form != .bytes { return "CASE WHEN \(isThere) THEN \(column) END" }
            return "CASE WHEN \(isThere) THEN substr(\(column), 1, CAST(\(Self.headerLimit) AS INTEGER)) END"
        case .foreign(let id):
            let length: Int
            let header: SQLValue
            switch form {
            case .bytes:
                let bytes = Cipher.header(id)
                (length, header) = (bytes.count, .bytes(bytes))
            case .text: (length, header) = (id.utf8.count + 2, .text("\(SealedValue.mark)\(id):"))
            case .json: (length, header) = (id.utf8.count + 8, .text(#""\u0001\#(id):"#))
            }
            return """
                CASE WHEN \(isThere) AND substr(\(column), 1, CAST(\(length) AS INTEGER)) <> \(header) THEN \(column) END
                """
        }
    }

    private func binds(_ position: [String]) throws(DatabaseError) -> [SQLValue] {
        guard position.count == keys.count else { throw .decoding("a position in \(name) has \(position.count) parts") }
        var binds: [SQLValue] = []
        for (key, text) in zip(keys, position) {
            switch key.kind {
            case .text: binds.append(.text(text))
            case .int:
                guard let number = Int64(text) else { throw .decoding("a position in \(name) is no number") }
                binds.append(.int(number))
            case .uuid:
                guard let id = UUIDv7(text) else { throw .decoding("a position in \(name) is no uuid") }
                binds.append(.uuid(id))
            case .bytes:
                guard let bytes = Self.bytes(hexadecimal: text) else { throw .decoding("a position in \(name) is not hexadecimal") }
                binds.append(.bytes(bytes))
            }
        }
        return binds
    }

    private func read(_ row: Row) throws -> SealedRow {
        var texts: [String] = []
        for (index, key) in keys.enumerated() { texts.append(try text(of: key, row, index)) }
        var business = try row.uuidOrNil(keys.count)
        if case .installation = owner { business = UUIDv7(high: 0, low: 0) }
        var found = SealedRow(keys: texts, business: business)
        found.rowName = try rowName.map { try text(of: $0, row, keys.count + 2) }
        do throws(DatabaseError) {
            found.value = try value(row, keys.count + 1)
        } catch {
            found.isDamaged = true
        }
        return found
    }

    private func text(of key: Key, _ row: Row, _ index: Int) throws(DatabaseError) -> String {
        switch key.kind {
        case .text: try row.text(index)
        case .int: String(try row.int64(index))
        case .uuid: try row.uuid(index).description
        case .bytes: Hexadecimal.encode(try row.bytes(index))
        }
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            guard let value = Hexadecimal.value(of: digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }

    /// Nil where there is none, and for what is in the clear.
    private func value(_ row: Row, _ index: Int) throws(DatabaseError) -> SealedValue? {
        switch form {
        case .bytes:
            guard let bytes = try row.bytesOrNil(index) else { return nil }
            if mayBePlain, bytes.first != Cipher.version { return nil }
            return SealedValue(bytes: bytes)
        case .text:
            return try row.textOrNil(index).flatMap { (text) throws(DatabaseError) in try SealedValue.parsing(text) }
        case .json:
            return try row.textOrNil(index).flatMap { (text) throws(DatabaseError) in try Self.sealedValue(json: Array(text.utf8)) }
        }
    }

    /// Nil for JSON in the clear.
    static func sealedValue(json: [UInt8]) throws(DatabaseError) -> SealedValue? {
        guard json.starts(with: jsonMark) else { return nil }
        return try SealedValue.parsing("\(SealedValue.mark)" + String(decoding: json.dropFirst(jsonMark.count).dropLast(), as: UTF8.self))
    }

    private static let jsonMark = Array(#""\u0001"#.utf8)
}
