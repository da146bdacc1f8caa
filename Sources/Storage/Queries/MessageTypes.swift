import Core

/// A business's own message types, or its own idea of built-in ones.
extension Transaction {
    public func messageType(_ name: String, business: BusinessID) throws -> MessageType? {
        try run(
            """
            SELECT name, category, default_urgency, channels, fallback_after_s, topic
            FROM crm_message_types
            WHERE business_id = \(business) AND name = \(name)
            """
        ).first.map(MessageType.init(row:))
    }

    /// In alphabetical order.
    public func messageTypes(business: BusinessID) throws -> [MessageType] {
        try run(
            """
            SELECT name, category, default_urgency, channels, fallback_after_s, topic FROM crm_message_types
            WHERE business_id = \(business) ORDER BY name
            """
        ).map(MessageType.init(row:))
    }

    /// Creates or replaces. True: it is new.
    public func putMessageType(_ type: MessageType, business: BusinessID) throws -> Bool {
        let seconds: SQLValue = type.fallbackAfter.map { .int(Int64($0)) } ?? .null
        let created =
            try execute(
                """
                INSERT INTO crm_message_types (business_id, name, category, default_urgency, channels, fallback_after_s, topic,
                    created_at, updated_at)
                VALUES (\(business), \(type.name), \(type.category.rawValue), \(type.defaultUrgency.rawValue),
                    \(type.channels.joined), \(seconds), \(type.topic), \(now), \(now))
                ON CONFLICT (business_id, name) DO NOTHING
                """) > 0
        if !created {
            try execute(
                """
                UPDATE crm_message_types
                SET category = \(type.category.rawValue), default_urgency = \(type.defaultUrgency.rawValue),
                    channels = \(type.channels.joined), fallback_after_s = \(seconds), topic = \(type.topic),
                    updated_at = \(now)
                WHERE business_id = \(business) AND name = \(type.name)
                """)
        }
        return created
    }
}

extension MessageType {
    fileprivate init(row: Row) throws {
        self.init(
            name: try row.text(0), category: try row.oneOf(1, as: MessageCategory.self),
            defaultUrgency: try row.oneOf(2, as: Urgency.self), channels: try row.channels(3),
            fallbackAfter: try row.intOrNil(4), topic: try row.textOrNil(5))
    }
}
