/// What the outside is told of (Standard Webhooks); the raw values are part of the contract.
public enum OutgoingEventType: String, Sendable, Hashable, CaseIterable {
    case sent = "communication.sent"
    case delivered = "communication.delivered"
    case opened = "communication.opened"
    case clicked = "communication.clicked"
    case failed = "communication.failed"
    case bounced = "communication.bounced"
    case suppressed = "communication.suppressed"
    case clientReplied = "client.replied"
    case clientOptedOut = "client.opted_out"
}

/// An event on its way to a business's endpoints.
public struct OutgoingEvent: Sendable, Hashable {
    public var type: OutgoingEventType
    public var clientID: ClientID?
    public var communication: CommunicationID?
    public var at: Timestamp
    /// Further members of `data`, as a JSON object; empty means none. Never a message's content unless the business asked for it.
    public var data: [UInt8]

    public init(type: OutgoingEventType, clientID: ClientID?, communication: CommunicationID?, at: Timestamp, data: [UInt8] = []) {
        self.type = type
        self.clientID = clientID
        self.communication = communication
        self.at = at
        self.data = data
    }
}
