import Core
import SMTP

/// Reads mail that came to addresses of ours into what it means.
struct InboundMailReader: Sendable {
    /// What is to be done about a mail for one of its recipients.
    enum Result: Sendable, Hashable {
        case event(MailEvent)
        case unsubscribe(ReturnAddress)
        /// Nothing: an automatic reply, a letter, or a report of which nothing follows.
        case none(Reason)
    }

    enum Reason: String, Sendable, CaseIterable {
        case automaticReply = "automatic_reply"
        case letter
        case unknownMessage = "unknown_message"
        case notOurs = "not_ours"
    }

    let addresses: ReturnAddresses
    /// Characters of a mail's text that are looked at.
    private static let longestText = 16_384

    func read(_ mail: ReceivedMail) -> [Result] {
        let message = ParsedMessage(mail.bytes)
        let inbound = InboundMail(message, envelopeSender: mail.sender, textLimit: Self.longestText)
        let meaning = InboundMailRule.read(inbound)
        let words = Self.addresses(in: message)
        return mail.recipients.map { recipient in
            guard let address = addresses.open(recipient) else { return .none(.notOurs) }
            return read(meaning, address, message, words)
        }
    }

    private func read(_ meaning: InboundMailMeaning, _ address: ReturnAddress, _ message: ParsedMessage, _ words: [String]) -> Result {
        var address = address
        if address.kind == .unsubscribe {
            switch meaning {
            // A bounce or a machine's answer is nobody's wish.
            case .letter, .complaint: return .unsubscribe(address)
            case .bounced, .delayed, .arrived, .automaticReply: return .none(.automaticReply)
            }
        }
        if address.kind == .complaint {
            guard case .complaint = meaning else { return .none(.letter) }
            guard let original = original(of: message) else { return .none(.unknownMessage) }
            address = original
        }
        guard let communication = address.communication else { return .none(.unknownMessage) }
        var event = MailEvent(source: "dsn", kind: .delayed, word: "", communication: communication, addresses: words)
        // An address that is known by the Message-ID alone has none.
        if address.fingerprint != 0 { event.fingerprint = address.fingerprint }
        switch meaning {
        case .bounced(let kind, let status, let diagnostic):
            event.kind = .bounced(kind)
            event.word = "failed" + (status.map { " \($0)" } ?? "")
            event.diagnostic = diagnostic
        case .delayed(let status, let diagnostic):
            event.word = "delayed" + (status.map { " \($0)" } ?? "")
            event.diagnostic = diagnostic
        case .arrived(let word):
            // Only `delivered` says that it reached the mailbox.
            event.kind = word == "delivered" ? .delivered : .delayed
            event.word = word
        case .complaint(let kind):
            event.source = "arf"
            event.kind = .complained(kind)
            event.word = kind.rawValue
        case .automaticReply: return .none(.automaticReply)
        case .letter: return .none(.letter)
        }
        return .event(event)
    }

    /// Which message a complaint is about: by an address of ours in it, else by its Message-ID, which anybody could write. Only whoever
    /// we gave the complaints' address to gets so far.
    private func original(of message: ParsedMessage) -> ReturnAddress? {
        var texts: [String] = []
        if let report = FeedbackReport(in: message) { texts += [report.originalSender].compactMap(\.self) }
        let embedded = message.allParts.lazy.compactMap { $0.embedded() }.first
        let headers = embedded?.headers ?? []
        texts += headers.map(\.value)
        for text in texts {
            if let found = address(in: text) { return found }
        }
        guard let id = embedded?.header("message-id").flatMap(MailEvent.communication(ofMessageID:)) else { return nil }
        return ReturnAddress(kind: .bounce, communication: id, fingerprint: 0)
    }

    /// The first address of ours in a header's value.
    private func address(in text: String) -> ReturnAddress? {
        guard text.utf8.contains(0x2B) else { return nil }
        for word in text.split(whereSeparator: { " <>,:;()\"'?=".contains($0) }).prefix(50) {
            if word.utf8.contains(0x40), let found = addresses.open(String(word)) { return found }
        }
        return nil
    }

    private static func addresses(in message: ParsedMessage) -> [String] {
        guard let report = DeliveryReport(in: message) else { return [message.header("x-failed-recipients")].compactMap(\.self) }
        return report.recipients.prefix(10).flatMap { [$0.originalRecipient, $0.finalRecipient].compactMap(\.self) }
    }
}

extension InboundMail {
    init(_ message: ParsedMessage, envelopeSender: String, textLimit: Int) {
        let report = DeliveryReport(in: message)
        let readable = message.allParts.first { $0.parts.isEmpty && $0.contentType.mediaType.hasPrefix("text/") }
        self.init(
            envelopeSender: envelopeSender,
            headers: message.headers.map { Header($0.name, message.text(of: $0)) }, mediaType: message.contentType.mediaType,
            reportType: message.contentType.parameters["report-type"]?.lowercased() ?? "",
            recipients: report?.recipients.map { Recipient(action: $0.action, status: $0.status, diagnostic: $0.diagnostic ?? "") },
            feedbackType: FeedbackReport(in: message)?.type, text: readable?.bodyText(limit: textLimit) ?? "")
    }
}
