import Core

/// What replies mean to a business.
extension Transaction {
    /// The business's own patterns, in their order.
    public func replyPatterns(business: BusinessID) throws -> [ReplyPattern] {
        try run("SELECT pattern, message_type, action, value FROM crm_reply_patterns WHERE business_id = \(business) ORDER BY position")
            .compactMap { row in
                guard let action = ReplyAction(try row.text(2)) else { return nil }
                return ReplyPattern(try row.text(0), messageType: try row.textOrNil(1), action: action, value: try row.textOrNil(3))
            }
    }

    /// Puts these in the place of all that the business had.
    public func putReplyPatterns(_ patterns: [ReplyPattern], business: BusinessID) throws {
        try lockBusinessRow(business)
        try execute("DELETE FROM crm_reply_patterns WHERE business_id = \(business)")
        for (position, pattern) in patterns.enumerated() {
            try execute(
                """
                INSERT INTO crm_reply_patterns (business_id, position, message_type, pattern, action, value)
                VALUES (\(business), \(position), \(pattern.messageType), \(pattern.source), \(pattern.action.name), \(pattern.value))
                """)
        }
    }
}
