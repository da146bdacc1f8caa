/// A communication as the API shows it.
public struct CommunicationAnswer: Sendable {
    public var id: CommunicationID
    public var status: CommunicationStatus
    public var channel: Channel
    public var scheduledFor: Timestamp
    public var sentAt: Timestamp?
    public var deliveredAt: Timestamp?
    public var errorMessage: String?
    /// A JSON object.
    public var metadata: [UInt8]

    public init(
        id: CommunicationID, status: CommunicationStatus, channel: Channel, scheduledFor: Timestamp, sentAt: Timestamp? = nil,
        deliveredAt: Timestamp? = nil, errorMessage: String? = nil, metadata: [UInt8]
    ) {
        self.id = id
        self.status = status
        self.channel = channel
        self.scheduledFor = scheduledFor
        self.sentAt = sentAt
        self.deliveredAt = deliveredAt
        self.errorMessage = errorMessage
        self.metadata = metadata
    }

    /// Writes the members without the braces, so that a longer answer can go on after them.
    public func writeMembers(to writer: inout JSONWriter) {
        writer.member("communication_id", id.description)
        writer.member("status", status.rawValue)
        writer.member("channel_used", channel.rawValue)
        writer.member("scheduled_for", RFC3339.string(scheduledFor))
        writer.member("sent_at", sentAt.map(RFC3339.string))
        writer.member("delivered_at", deliveredAt.map(RFC3339.string))
        writer.member("error_message", errorMessage)
        writer.member("metadata", raw: metadata)
    }

    /// The whole JSON object.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: 384 + metadata.count)
        writer.object { writeMembers(to: &$0) }
        return writer.bytes
    }
}

/// What stands in `metadata`: how the decision came about.
public struct CommunicationMetadata: Sendable {
    public var priority: Int
    public var fallbacks: [Channel]
    public var batchID: UUIDv7?
    public var decision: [DecisionStep]
    public var missingVariables: [String]
    public var sandbox: Bool

    public init(
        priority: Int, fallbacks: [Channel], batchID: UUIDv7?, decision: [DecisionStep], missingVariables: [String] = [], sandbox: Bool
    ) {
        self.priority = priority
        self.fallbacks = fallbacks
        self.batchID = batchID
        self.decision = decision
        self.missingVariables = missingVariables
        self.sandbox = sandbox
    }

    /// The JSON object; `more` may add members.
    public func json(_ more: (inout JSONWriter) -> Void = { _ in }) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { writer in
            writer.member("priority", priority)
            writer.member("fallback_channels", fallbacks.map(\.rawValue))
            writer.member("batch_id", batchID?.description)
            writer.member("sandbox", sandbox)
            if !missingVariables.isEmpty { writer.member("missing_variables", missingVariables) }
            writer.array("decision") { writer in
                for step in decision { step.write(to: &writer) }
            }
            more(&writer)
        }
        return writer.bytes
    }
}

extension DecisionStep {
    /// The JSON object of this step.
    public func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("rule", rule)
            if let channel { writer.member("channel", channel.rawValue) }
            writer.member("outcome", outcome)
            writer.member("because", because)
        }
    }
}
