/// One line of the audit log: a change that a person or a key made.
public struct AuditEntry: Sendable, Hashable {
    public var actor: Actor
    /// Noun and verb, for example `client.put`, `api_key.revoke`.
    public var action: String
    /// What was changed, for example `client-123`; nil where the action says it.
    public var target: String?
    /// The client whom it concerns, so that erasing them finds the entry.
    public var client: ClientID?
    public var remoteAddress: String?
    public var requestID: String?
    /// A JSON object with what matters of the change; never a secret, an address or a body. Empty for nothing.
    public var details: [UInt8]

    public init(
        actor: Actor, action: String, target: String? = nil, client: ClientID? = nil, remoteAddress: String? = nil,
        requestID: String? = nil, details: [UInt8] = []
    ) {
        self.actor = actor
        self.action = action
        self.target = target
        self.client = client
        self.remoteAddress = remoteAddress
        self.requestID = requestID
        self.details = details
    }
}
