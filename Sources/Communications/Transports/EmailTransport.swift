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
    private let signers: [DKIMSigner]
    private let clock: WallClock

    /// - Parameter senderName: stands in From unless the business has a name of its own.
    public init(pool: SMTPPool, sender: MailAddress, senderName: String?, signers: [DKIMSigner], clock: WallClock) {
        self.pool = pool
        self.sender = sender
        self.senderName = senderName
        self.signers = signers
        self.clock = clock
    }

    public func send(_ deliveries: [Delivery]) {
        var mails: [OutgoingMail] = []
        mails.reserveCapacity(deliveries.count)
        for delivery in deliveries {
            let recipient: MailAddress
            do {
                recipient = try MailAddress(delivery.address)
            } catch {
                delivery.complete(.failure(TransportFailure(category: .invalidInput, message: "the client's e-mail address is not valid")))
                continue
            }
            mails.append(
                OutgoingMail(
                    sender: sender, recipient: recipient, priority: delivery.priority,
                    message: { [self] in try compose(delivery, to: recipient) },
                    completion: { result in
                        switch result {
                        case .success(let receipt):
                            delivery.complete(.success(TransportReceipt(providerMessageID: receipt.queueID, response: receipt.text)))
                        case .failure(let failure):
                            delivery.complete(.failure(TransportFailure(failure, recipient: delivery.address)))
                        }
                    }))
        }
        if !mails.isEmpty { pool.submit(mails) }
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
        await pool.stop(within: duration)
    }

    private func compose(_ delivery: Delivery, to recipient: MailAddress) throws -> [UInt8] {
        let rendered = try delivery.render()
        var message = MIMEMessage(
            from: Mailbox_(name: rendered.senderName ?? senderName, address: sender),
            to: Mailbox_(name: delivery.recipientName, address: recipient))
        message.subject = rendered.subject ?? ""
        message.text = rendered.text
        message.html = rendered.html
        return try message.render()
    }
}

extension TransportFailure {
    /// The server's words without the recipient's address, which servers like to repeat.
    init(_ failure: SMTPFailure, recipient: String) {
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
        let words = failure.text.replacing(recipient, with: "(recipient)")
        self.init(
            category: category, message: "\(failure.phase.rawValue): \(code)\(enhanced)\(words)", outcomeUnknown: failure.outcomeUnknown)
    }
}
