import Core

extension MailEvent {
    /// With what says which address the message went to: our return address, where the provider names it, else the recipient.
    public func witnessed(returns: ReturnAddresses?, envelopeSender: String?) -> MailEvent {
        var event = self
        if let address = envelopeSender.flatMap({ returns?.open($0) }), address.kind == .bounce, let id = address.communication,
            event.communication == nil || event.communication == id
        {
            event.communication = id
            event.fingerprint = address.fingerprint
        } else if let id = event.communication, let recipient = event.addresses.first, event.addresses.count == 1 {
            event.fingerprint = ReturnAddresses.fingerprint(of: Self.bare(recipient), in: id)
        }
        return event
    }

    /// Some write `Ada <ada@example.org>`.
    private static func bare(_ recipient: String) -> String {
        guard let open = recipient.lastIndex(of: "<") else { return recipient }
        return String(recipient[recipient.index(after: open)...].prefix { $0 != ">" })
    }
}
