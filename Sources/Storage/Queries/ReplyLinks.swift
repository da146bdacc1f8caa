import Core

/// A client who has a telephone number.
public struct NumberOwner: Sendable, Hashable {
    public var business: BusinessID
    public var client: ClientID

    public init(business: BusinessID, client: ClientID) {
        self.business = business
        self.client = client
    }
}

/// A communication that a reply may be about.
public struct AnswerableCommunication: Sendable, Hashable {
    public var id: CommunicationID
    public var planID: String?
    public var messageType: String
    public var channel: Channel

    public init(id: CommunicationID, planID: String?, messageType: String, channel: Channel) {
        self.id = id
        self.planID = planID
        self.messageType = messageType
        self.channel = channel
    }
}

/// Whose a reply is and what it answers.
extension Transaction {
    /// Everybody who has one of these hashes, which are made for each business apart.
    public func numberOwners(_ hashes: [BusinessID: [[UInt8]]]) throws -> [NumberOwner] {
        var owners: [NumberOwner] = []
        let groups = hashes.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        // Bounded statements, however many businesses there are.
        for start in stride(from: 0, to: groups.count, by: 64) {
            var condition: SQL?
            for (business, hashes) in groups[start..<min(start + 64, groups.count)] {
                let one: SQL = "(business_id = \(business) AND phone_hash IN (\(SQL.list(hashes.map(SQLValue.bytes)))))"
                condition = condition.map { "\($0) OR \(one)" } ?? one
            }
            guard let condition else { continue }
            owners += try run("SELECT business_id, client_id FROM crm_clients WHERE \(condition) ORDER BY business_id, client_id").map {
                NumberOwner(business: try $0.uuid(0), client: try $0.clientID(1))
            }
        }
        return owners
    }

    /// The communications with a client that have gone out since `since`, newest first.
    ///
    /// - Parameter channel: nil for all channels.
    public func answerable(by owner: NumberOwner, channel: Channel?, since: Timestamp, limit: Int) throws -> [AnswerableCommunication] {
        var conditions: [SQL] = [
            "m.business_id = \(owner.business)", "m.client_id = \(owner.client)", "m.communication_id >= \(UUIDv7.first(at: since))",
            // Somebody may answer before the end of the attempt is recorded.
            "(m.sent_at IS NOT NULL OR m.status = 'sending')",
        ]
        if let channel { conditions.append("m.channel = \(channel)") }
        return try run(
            """
            SELECT m.communication_id, m.plan_id, m.message_type, m.channel FROM crm_communications m
            WHERE \(SQL.all(conditions))
            ORDER BY m.communication_id DESC
            LIMIT \(limit)
            """
        ).map(AnswerableCommunication.init(row:))
    }

    /// The communication that went to a client under a provider's id; looked for in the client's own history only.
    public func answerable(by owner: NumberOwner, providerMessageID: String, since: Timestamp) throws -> AnswerableCommunication? {
        try run(
            """
            SELECT m.communication_id, m.plan_id, m.message_type, m.channel FROM crm_communications m
            JOIN crm_delivery_logs e ON e.communication_id = m.communication_id AND e.provider_message_id = \(providerMessageID)
            WHERE m.business_id = \(owner.business) AND m.client_id = \(owner.client)
                AND m.communication_id >= \(UUIDv7.first(at: since))
            ORDER BY m.communication_id DESC
            LIMIT 1
            """
        ).first.map(AnswerableCommunication.init(row:))
    }

    /// What a plan's client is expected to do next, and the message that asks for it.
    public func pendingQuestion(planID: String, business: BusinessID) throws -> (PendingAction, PendingAction.Message)? {
        let messages = try run(
            """
            SELECT communication_id, message_type, status FROM crm_communications
            WHERE business_id = \(business) AND plan_id = \(planID)
            ORDER BY communication_id DESC
            LIMIT 200
            """
        ).map { PendingAction.Message(id: try $0.uuid(0), messageType: try $0.text(1), status: try $0.status(2)) }
        return PendingAction.question(
            newestFirst: messages, answered: try answeredCommunication(planID: planID, business: business))
    }
}

extension AnswerableCommunication {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.uuid(0), planID: try row.textOrNil(1), messageType: try row.text(2), channel: try row.channel(3))
    }
}
