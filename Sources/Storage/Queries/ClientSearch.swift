import Core

/// Which clients a list shows.
public struct ClientSearch: Sendable {
    /// What someone typed: part of a name (of a sealed one: the beginnings of its words) or of a client id; the hashes are of the same text read as an address.
    public struct Words: Sendable {
        public var text: String
        public var emailHash: [UInt8]?
        public var phoneHash: [UInt8]?

        public init(text: String, emailHash: [UInt8]? = nil, phoneHash: [UInt8]? = nil) {
            self.text = text
            self.emailHash = emailHash
            self.phoneHash = phoneHash
        }
    }

    /// The last client of the page before.
    public struct Position: Sendable, Hashable {
        public var createdAt: Timestamp
        public var id: ClientID

        public init(createdAt: Timestamp, id: ClientID) {
            self.createdAt = createdAt
            self.id = id
        }
    }

    public var words: Words?
    public var tag: String?
    public var after: Position?

    public init(words: Words? = nil, tag: String? = nil, after: Position? = nil) {
        self.words = words
        self.tag = tag
        self.after = after
    }
}

extension Transaction {
    /// Up to `limit` clients, newest first.
    public func clients(_ search: ClientSearch, business: BusinessID, limit: Int) throws -> [SealedClient] {
        var conditions: [SQL] = ["c.business_id = \(business)"]
        if let after = search.after {
            conditions.append("(c.created_at, c.client_id) < (\(after.createdAt), \(after.id))")
        }
        if let tag = search.tag {
            conditions.append(
                """
                EXISTS (SELECT 1 FROM crm_client_tags t
                    WHERE t.business_id = c.business_id AND t.tag = \(tag) AND t.client_id = c.client_id)
                """)
        }
        if let words = search.words {
            conditions.append(condition(words, business))
        }
        // The index on (business_id, created_at, client_id) gives the order; nothing is sorted.
        let clients = try run(
            """
            SELECT \(SealedClient.columns)
            FROM crm_clients c
            WHERE \(SQL.all(conditions))
            ORDER BY c.created_at DESC, c.client_id DESC
            LIMIT \(limit)
            """
        ).map { try SealedClient(listed: $0, business, content) }
        return try withTags(clients, business: business)
    }

    private func condition(_ words: ClientSearch.Words, _ business: BusinessID) -> SQL {
        let pattern = "%\(LikePattern.escape(words.text.lowercased()))%"
        // What a sealed name looks like must not be taken for the name.
        let isPlain: SQL = "substr(c.name, 1, 1) <> \(String(SealedValue.mark))"
        var ways: SQL
        switch dialect {
        case .postgresql:
            ways = #"(c.name ILIKE \#(pattern) ESCAPE '\' AND \#(isPlain)) OR c.client_id ILIKE \#(pattern) ESCAPE '\'"#
        case .sqlite:
            // SQLite's own LIKE folds ASCII only; the function comes with GRDB and folds as Swift does.
            ways = #"(swiftLowercaseString(c.name) LIKE \#(pattern) ESCAPE '\' AND \#(isPlain)) OR c.client_id LIKE \#(pattern) ESCAPE '\'"#
        }
        if let hash = words.emailHash { ways = "\(ways) OR c.email_hash = \(hash)" }
        if let hash = words.phoneHash { ways = "\(ways) OR c.phone_hash = \(hash)" }
        if let cipher = content.cipher {
            let wanted = NameWords(cipher: cipher, business: business).wanted(by: words.text)
            let found = wanted.map { hash -> SQL in
                dialect == .postgresql ? "position(\(hash) IN c.name_words) > 0" : "instr(c.name_words, \(hash)) > 0"
            }
            if !found.isEmpty { ways = "\(ways) OR (\(SQL.all(found)))" }
        }
        return "(\(ways))"
    }

    /// The same clients with their tags, read in one statement.
    func withTags(_ clients: [SealedClient], business: BusinessID) throws -> [SealedClient] {
        guard !clients.isEmpty else { return [] }
        var tags: [ClientID: [String]] = [:]
        let ids = SQL.list(clients.map { .text($0.id.text) })
        for row in try run(
            """
            SELECT client_id, tag FROM crm_client_tags
            WHERE business_id = \(business) AND client_id IN (\(ids))
            ORDER BY client_id, tag
            """)
        {
            tags[try row.clientID(0), default: []].append(try row.text(1))
        }
        return clients.map { client in
            var client = client
            client.tags = tags[client.id] ?? []
            return client
        }
    }
}

/// Text that LIKE takes literally.
enum LikePattern {
    /// For use with `ESCAPE '\'`.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "\\" { escaped.append("\\") }
            escaped.unicodeScalars.append(character)
        }
        return escaped
    }
}
