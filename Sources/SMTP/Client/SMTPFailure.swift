/// Why a mail was not accepted, or why a connection could not be used.
public struct SMTPFailure: Error, Sendable, CustomStringConvertible {
    /// What the caller should do about it.
    public enum Category: String, Sendable, Hashable, CaseIterable {
        /// Try again later.
        case transient
        /// Never going to work for this recipient or this content.
        case permanent
        /// Slow down, then try again.
        case rateLimit
        /// Credentials or transport security are wrong: stop and alert.
        case authFailure
        /// The mail or the address is malformed: a bug or bad input on the sending side.
        case invalidInput
    }

    /// How far the session had come.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Not on a connection yet.
        case queue
        case connect, banner, hello, startTLS, tls, authentication
        case mailFrom, rcptTo, data
        /// The message was being written.
        case body
        /// The final dot was written, its reply outstanding.
        case accept
        case reset, quit
    }

    /// What the caller should do about it.
    public var category: Category
    /// How far the session had come.
    public var phase: Phase
    /// The server's reply code; nil when no reply caused the failure.
    public var code: Int?
    /// From the reply, or what the server would have said where the mail was refused before it was sent (5.3.4, 5.6.7).
    public var enhanced: EnhancedStatus?
    /// Printable ASCII, at most 512 characters; never contains credentials.
    public var text: String
    /// The connection was lost after the final dot was written and before its reply: the mail may have been accepted. Sending it
    /// again may duplicate it; keep its Message-ID.
    public var outcomeUnknown: Bool
    /// `OutgoingMail.message` threw: nothing was sent. `underlying` is what it threw.
    public var withdrawn: Bool
    /// The error behind it, where there is one; not fit for logs without a look at it.
    public var underlying: (any Error)?

    public init(
        _ category: Category, phase: Phase, code: Int? = nil, enhanced: EnhancedStatus? = nil, text: String,
        outcomeUnknown: Bool = false, withdrawn: Bool = false, underlying: (any Error)? = nil
    ) {
        self.category = category
        self.phase = phase
        self.code = code
        self.enhanced = enhanced
        self.text = PrintableText.make(text.utf8)
        self.outcomeUnknown = outcomeUnknown
        self.withdrawn = withdrawn
        self.underlying = underlying
    }

    public var description: String {
        var parts = ["\(category.rawValue) at \(phase.rawValue)"]
        if let code { parts.append(String(code)) }
        if let enhanced { parts.append(enhanced.description) }
        if outcomeUnknown { parts.append("(outcome unknown)") }
        parts.append(text)
        return parts.joined(separator: " ")
    }

    /// A value from a small fixed set, fit for a metric's label: `rcptTo_550`, `connect`, `accept_unknown`.
    public var shortDescription: String {
        if withdrawn { return "withdrawn" }
        if outcomeUnknown { return "\(phase.rawValue)_unknown" }
        guard let code, (200...599).contains(code) else { return phase.rawValue }
        return "\(phase.rawValue)_\(code)"
    }

    /// Whether the server said that this address does not exist or accepts no mail, so that nothing should be sent to it again.
    /// Only an enhanced code is taken as proof: a bare 550 may mean policy or relaying.
    public var isHardBounce: Bool {
        guard category == .permanent, phase == .rcptTo || phase == .data || phase == .accept, let enhanced else { return false }
        switch (enhanced.subject, enhanced.detail) {
        case (1, 1), (1, 2), (1, 6), (1, 10), (2, 1): return true
        default: return false
        }
    }
}
