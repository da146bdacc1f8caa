import Core
import Logging
import Providers

/// Answers keywords on WhatsApp, whose webhooks take no answer of their own. The person has just written: free text is allowed.
public struct WhatsAppConfirmation: Sendable {
    private let client: WhatsAppClient
    private let logger: Logger

    public init(client: WhatsAppClient, logger: Logger = Logger(label: "rapport.replies")) {
        self.client = client
        self.logger = logger
    }

    /// Begins to send and returns: the webhook's own answer must neither come before it nor wait for WhatsApp's.
    public func begin(_ message: InboundMessage, _ text: String) async {
        let answer = WhatsAppMessage(to: message.from, content: .text(text), repliesTo: message.providerMessageID)
        await withCheckedContinuation { (begun: CheckedContinuation<Void, Never>) in
            // Outlives the webhook's request on purpose.
            Task {
                begun.resume()
                do throws(ProviderFailure) {
                    _ = try await client.send(answer)
                } catch {
                    logger.warning(
                        "reply_not_answered",
                        metadata: ["channel": "whatsapp", "category": "\(error.category.rawValue)", "error": "\(error.message)"])
                }
            }
        }
    }
}
