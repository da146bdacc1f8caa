import Core
import NIOCore
import SMTP

/// E-mail through one SMTP account.
public final class EmailTransport: Transport {
    public let provider = "smtp"
    public let isSandbox = false
    public let capacity = 1024

    public let pool: SMTPPool
    private let sender: MailAddress
    private let senderName: String?
    private let sign: (@Sendable ([UInt8]) throws -> [UInt8])?
    private let clock: WallClock
    private let returns: ReturnAddresses?
    private let referenceHeader: String?
    private let unsigned = RoundQueue<[Delivery]>()

    /// - Parameters:
    ///   - senderName: stands in From; nil means the business's own name.
    ///   - sign: adds the DKIM signatures to a finished message.
    ///   - returns: makes the addresses that each message returns to, and where mail unsubscribes; nil: it returns to its sender.
    ///   - referenceHeader: a header that carries our id, for a provider that hands back that and nothing else.
    public init(
        pool: SMTPPool, sender: MailAddress, senderName: String?, sign: (@Sendable ([UInt8]) throws -> [UInt8])? = nil,
        returns: ReturnAddresses? = nil, referenceHeader: String? = nil, clock: WallClock
    ) {
        self.pool = pool
        self.sender = sender
        self.senderName = senderName
        self.sign = sign
        self.returns = returns
        self.referenceHeader = referenceHeader
        self.clock = clock
    }

    public func send(_ deliveries: [Delivery]) {
        if sign == nil {
            submit(deliveries.map { delivery in (delivery, { [self] in try compose(delivery) }) })
        } else if !unsigned.post(deliveries) {
            for delivery in deliveries { delivery.complete(.failure(.stopped)) }
        }
    }

    /// Signs away from the pool's event loop, which a signature of some hundred microseconds would hold up.
    public func run() async {
        while let batches = await unsigned.next() {
            await withTaskGroup(of: Void.self) { group in
                for chunk in batches.flatMap({ $0 }).chunks(of: 16) {
                    group.addTask { self.submit(chunk.map { delivery in (delivery, self.signed(delivery)) }) }
                }
            }
        }
    }

    private func signed(_ delivery: Delivery) -> @Sendable () throws -> [UInt8] {
        let result = Result { try compose(delivery) }
        return { try result.get() }
    }

    private func submit(_ deliveries: [(Delivery, message: @Sendable () throws -> [UInt8])]) {
        var mails: [OutgoingMail] = []
        mails.reserveCapacity(deliveries.count)
        for (delivery, message) in deliveries {
            guard let recipient = try? MailAddress(delivery.address) else {
                delivery.complete(.failure(TransportFailure(category: .invalidInput, message: "the client's e-mail address is not valid")))
                continue
            }
            mails.append(
                OutgoingMail(
                    sender: envelopeSender(of: delivery), recipient: recipient, priority: delivery.priority,
                    message: {
                        try delivery.begin()
                        return try message()
                    },
                    completion: { result in
                        switch result {
                        case .success(let receipt):
                            delivery.complete(.success(TransportReceipt(receipt, recipient: delivery.address)))
                        case .failure(let failure):
                            // Whoever has read the mail may quote it; filters like to name its subject.
                            let subject = failure.isAboutContent ? (try? delivery.render())?.subject : nil
                            delivery.complete(.failure(TransportFailure(failure, recipient: delivery.address, subject: subject)))
                        }
                    }))
        }
        if !mails.isEmpty { pool.submit(mails) }
    }

    /// The same for all attempts of a communication to an address, as greylisting wants it.
    private func envelopeSender(of delivery: Delivery) -> MailAddress {
        guard let returns else { return sender }
        return (try? MailAddress(returns.bounce(delivery.id, to: delivery.address))) ?? sender
    }

    public func check() async -> String? {
        do {
            _ = try await pool.probe()
            return nil
        } catch {
            return error.shortDescription
        }
    }

    public func stop(within duration: Duration) async {
        unsigned.close()
        await pool.stop(within: duration)
    }

    private func compose(_ delivery: Delivery) throws -> [UInt8] {
        let recipient = try MailAddress(delivery.address)
        let rendered = try delivery.render()
        var message = try MIMEMessage(
            from: try Mailbox(name: senderName ?? rendered.senderName, address: sender),
            to: [try Mailbox(name: delivery.recipientName, address: recipient)], subject: rendered.subject ?? "",
            date: clock.now().milliseconds, messageID: try messageID(of: delivery))
        message.isAutoGenerated = true
        message.text = rendered.text
        message.html = rendered.html
        message.attachments = try rendered.attachments.map {
            try Attachment(filename: $0.filename, contentType: $0.contentType, bytes: $0.content)
        }
        if let referenceHeader { message.headers.append(try HeaderField(referenceHeader, delivery.id.description)) }
        if let url = rendered.unsubscribeURL { message.headers += try unsubscribeHeaders(url, of: delivery) }
        let bytes = message.render()
        return try sign?(bytes) ?? bytes
    }

    /// One click for mail programs (RFC 2369, RFC 8058); the DKIM signature covers both.
    private func unsubscribeHeaders(_ url: String, of delivery: Delivery) throws -> [HeaderField] {
        let mail = returns.map { ", <mailto:\($0.unsubscribe(delivery.id, to: delivery.address))>" } ?? ""
        let list = try HeaderField("List-Unsubscribe", "<\(url)>\(mail)")
        // One click is for HTTPS alone (RFC 8058, section 3.1): in clear, anybody on the way could read the token and use it.
        guard url.hasPrefix("https://") else { return [list] }
        return [list, try HeaderField("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    }

    /// The same for all attempts of a communication on this channel, so that a receiver can drop a copy.
    private func messageID(of delivery: Delivery) throws -> MessageID {
        try MessageID("\(delivery.id).email@\(sender.domain)")
    }
}

extension TransportReceipt {
    /// The server's words without addresses.
    init(_ receipt: SMTPReceipt, recipient: String) {
        // Most servers name nobody here, and every mail passes this.
        let namesSomebody = receipt.text.utf8.contains(UInt8(ascii: "@"))
        self.init(
            providerMessageID: receipt.queueID,
            response: namesSomebody ? MailWords.clean(receipt.text, without: [recipient]) : receipt.text)
    }
}

extension TransportFailure {
    /// The server's words without addresses and the subject, which servers like to repeat.
    init(_ failure: SMTPFailure, recipient: String, subject: String? = nil) {
        if failure.withdrawn {
            self.init(rendering: failure.underlying ?? Withdrawn())
            return
        }
        let category: ErrorCategory =
            switch failure.category {
            case .transient: .transient
            case .permanent: .permanent
            case .rateLimit: .rateLimit
            case .authFailure: .authFailure
            case .invalidInput: .invalidInput
            }
        let code = failure.code.map { "\($0) " } ?? ""
        let enhanced = failure.enhanced.map { "\($0) " } ?? ""
        var words = failure.text
        if let subject, subject.utf8.count >= 4 { words = words.replacing(subject, with: "(subject)") }
        words = MailWords.clean(words, without: [recipient])
        self.init(
            category: category, message: "\(failure.phase.rawValue): \(code)\(enhanced)\(words)", outcomeUnknown: failure.outcomeUnknown,
            consequence: Self.consequence(of: failure, code + enhanced + failure.text), scope: failure.concernsMessage ? .message : .account
        )
    }
}

extension TransportFailure {
    /// What a refusal for good says of the address. Only the recipient's own refusal does; the others are about the message or us.
    private static func consequence(of failure: SMTPFailure, _ words: String) -> FailureConsequence? {
        guard failure.phase == .rcptTo, failure.category == .permanent || failure.category == .invalidInput, let code = failure.code,
            code >= 500
        else { return nil }
        let status = failure.enhanced.map { MailStatus($0.statusClass, $0.subject, $0.detail) }
        switch BounceRule.judge(status: status, diagnostic: words) {
        case .hard: return .addressDead
        case .soft: return .softBounced
        case .refused: return nil
        }
    }
}

extension SMTPFailure {
    /// The server said it with the message before it.
    fileprivate var isAboutContent: Bool { code != nil && (phase == .body || phase == .accept) }

    /// The server works, and said so about this recipient or this content (greylisting, a full mailbox). 421 is its good-bye.
    fileprivate var concernsMessage: Bool {
        guard let code, code != 421 else { return false }
        switch phase {
        case .rcptTo, .data, .body, .accept: return true
        case .queue, .connect, .banner, .hello, .startTLS, .tls, .authentication, .mailFrom, .reset, .quit: return false
        }
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
