/// A mail as an ``SMTPListener`` took it.
public struct ReceivedMail: Sendable, Hashable {
    /// The envelope sender; empty for the null return path.
    public var sender: String
    /// Those that were accepted, as the client wrote them.
    public var recipients: [String]
    /// The message without dot-stuffing: its beginning where it is longer than the listener keeps.
    public var bytes: [UInt8]
    /// How long it was.
    public var size: Int
    /// The client's IP address.
    public var remoteAddress: String?
    public var isEncrypted: Bool

    public init(
        sender: String, recipients: [String], bytes: [UInt8], size: Int? = nil, remoteAddress: String? = nil, isEncrypted: Bool = false
    ) {
        self.sender = sender
        self.recipients = recipients
        self.bytes = bytes
        self.size = size ?? bytes.count
        self.remoteAddress = remoteAddress
        self.isEncrypted = isEncrypted
    }
}

/// What becomes of a mail that was received whole.
public enum MailDisposition: Sendable, Hashable {
    /// Its effect is durable: `250`.
    case taken
    /// Nothing is certain: `451`, and the client comes again.
    case later
    /// It will never be taken: `550`.
    case refused
}
