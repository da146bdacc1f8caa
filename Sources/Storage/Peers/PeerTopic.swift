/// What processes tell each other from within a transaction.
public enum PeerTopic: String, Sendable, Hashable {
    /// API keys: one was revoked.
    case keys
    /// People: an account, a membership or a session changed in a way that ends credentials.
    case accounts
}

extension Transaction {
    /// Says it on the ``PeerLine`` at the moment this transaction commits, also to the process that runs it; so nobody can be told too
    /// early, and a process that dies after its commit has told all the same. On SQLite there is nobody else.
    public func tellPeers(_ topic: PeerTopic, _ text: String = "") throws {
        guard dialect == .postgresql else { return }
        // Sender 0 is nobody's name.
        let message: String = "\(topic.rawValue) 0 \(text)"
        try run("SELECT pg_notify('rapport_peers', \(message))")
    }
}
