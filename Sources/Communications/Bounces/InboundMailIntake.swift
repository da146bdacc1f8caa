import Core
import Logging
import Observability
import SMTP

/// Takes mail that came back: its effect is durable before the sender's server hears that it was taken.
public final class InboundMailIntake: Sendable {
    /// Does what a click on the unsubscribe link of that message does; durable when it returns.
    public typealias Unsubscribe = @Sendable (ReturnAddress) async throws -> Void

    private let reader: InboundMailReader
    private let receipts: EventIntake
    private let unsubscribe: Unsubscribe
    private let logger: Logger

    public init(addresses: ReturnAddresses, receipts: EventIntake, logger: Logger, unsubscribe: @escaping Unsubscribe) {
        reader = InboundMailReader(addresses: addresses)
        self.receipts = receipts
        self.unsubscribe = unsubscribe
        self.logger = logger
    }

    /// Whether an address is one of ours; quick, and without the store.
    public func accepts(_ address: String) -> Bool {
        reader.addresses.open(address) != nil
    }

    /// A repetition does no harm.
    public func take(_ mail: ReceivedMail) async -> MailDisposition {
        let results = reader.read(mail)
        do {
            try await receipts.take(
                results.compactMap { result in
                    if case .event(let event) = result { event.providerEvent } else { nil }
                })
            for case .unsubscribe(let address) in results { try await unsubscribe(address) }
        } catch {
            count("store_away")
            return .later
        }
        for result in results { count(Self.label(result)) }
        logger.info(
            "inbound_mail",
            metadata: ["size": "\(mail.size)", "results": "\(results.prefix(5).map(Self.label).joined(separator: ","))"])
        return .taken
    }

    private func count(_ result: String) {
        receipts.metrics.inboundMail.mails[result].increment()
    }

    private static func label(_ result: InboundMailReader.Result) -> String {
        switch result {
        case .unsubscribe: "unsubscribe"
        case .none(let reason): reason.rawValue
        case .event(let event):
            switch event.kind {
            case .bounced(.hard): "hard_bounce"
            case .bounced(.soft): "soft_bounce"
            case .bounced(.refused): "refused"
            case .delayed: "delayed"
            case .delivered, .opened, .clicked: "delivered"
            case .complained, .unsubscribed: "complaint"
            }
        }
    }
}
