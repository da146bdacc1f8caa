/// One mail for one recipient on its way through an `SMTPPool`.
public struct OutgoingMail: Sendable {
    /// The envelope sender; nil is the null return path (`MAIL FROM:<>`).
    public var sender: MailAddress?
    /// The one envelope recipient.
    public var recipient: MailAddress
    /// Lower goes first; mails of equal priority keep their order.
    public var priority: Int
    /// The whole message, headers and body. Called at most once, on the pool's event loop, right before the envelope is written:
    /// late rendering, and the last moment to withdraw the mail by throwing. Must not block.
    public var message: @Sendable () throws -> [UInt8]
    /// Called exactly once, on the pool's event loop. Must not block.
    public var completion: @Sendable (Result<SMTPReceipt, SMTPFailure>) -> Void

    public init(
        sender: MailAddress?, recipient: MailAddress, priority: Int = 0,
        message: @escaping @Sendable () throws -> [UInt8],
        completion: @escaping @Sendable (Result<SMTPReceipt, SMTPFailure>) -> Void
    ) {
        self.sender = sender
        self.recipient = recipient
        self.priority = priority
        self.message = message
        self.completion = completion
    }
}
