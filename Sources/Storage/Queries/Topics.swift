import Core

/// What a business writes about that clients may refuse by itself.
extension Transaction {
    /// In the business's own order.
    public func topics(business: BusinessID) throws -> [Topic] {
        try run("SELECT name, titles, descriptions FROM crm_topics WHERE business_id = \(business) ORDER BY position, name").map { row in
            Topic(name: try row.text(0), titles: try row.texts(1), descriptions: try row.texts(2))
        }
    }

    /// Puts these in the place of all that the business had. Refusals of topics that are gone stay, should the topic come back.
    public func putTopics(_ topics: [Topic], business: BusinessID) throws {
        try lockBusinessRow(business)
        let names = topics.map { SQLValue.text($0.name) }
        let others: SQL = names.isEmpty ? "" : "AND name NOT IN (\(SQL.list(names)))"
        try execute("DELETE FROM crm_topics WHERE business_id = \(business) \(others)")
        for (position, topic) in topics.enumerated() {
            let (titles, descriptions) = (Topic.json(topic.titles), Topic.json(topic.descriptions))
            try execute(
                """
                INSERT INTO crm_topics (business_id, name, position, titles, descriptions, created_at, updated_at)
                VALUES (\(business), \(topic.name), \(position), \(json: titles), \(json: descriptions), \(now), \(now))
                ON CONFLICT (business_id, name) DO UPDATE SET position = excluded.position, titles = excluded.titles,
                    descriptions = excluded.descriptions, updated_at = excluded.updated_at
                """)
        }
    }

    /// The first of these topics that a message type names, with the type's name.
    public func topicInUse(besides names: [String], business: BusinessID) throws -> (topic: String, type: String)? {
        try run("SELECT topic, name FROM crm_message_types WHERE business_id = \(business) AND topic IS NOT NULL ORDER BY name")
            .map { (topic: try $0.text(0), type: try $0.text(1)) }
            .first { !names.contains($0.topic) }
    }
}

extension Row {
    /// A JSON object whose members are texts.
    fileprivate func texts(_ column: Int) throws -> [String: String] {
        let document = try JSONDocument(parsing: try json(column))
        var texts: [String: String] = [:]
        for (name, value) in document.root.members { if let text = value.string { texts[name] = text } }
        return texts
    }
}
