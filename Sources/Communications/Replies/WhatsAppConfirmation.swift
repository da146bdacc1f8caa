import Core
import Logging
import Providers
import ServiceLifecycle

/// Answers keywords on WhatsApp, whose webhooks take no answer of their own. The person has just written: free text is allowed.
public final class WhatsAppConfirmation: Service {
    private let client: WhatsAppClient
    private let logger: Logger
    private let queue = RoundQueue<WhatsAppMessage>()

    public init(client: WhatsAppClient, logger: Logger = Logger(label: "rapport.replies")) {
        self.client = client
        self.logger = logger
    }

    /// Takes an answer and returns at once: the webhook's own answer must not wait for WhatsApp's. It is sent while ``run()`` runs.
    public func post(_ text: String, to message: InboundMessage) {
        let answer = WhatsAppMessage(to: message.from, content: .text(text), repliesTo: message.providerMessageID)
        if !queue.post(answer) { notAnswered(category: "transient", "the server is stopping") }
    }

    /// Sends until a stop; what was taken before it is still sent.
    public func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                while let answers = await queue.next() {
                    for answer in answers { group.addTask { await self.send(answer) } }
                }
            }
        } onCancelOrGracefulShutdown: {
            self.queue.close()
        }
    }

    private func send(_ answer: WhatsAppMessage) async {
        do throws(ProviderFailure) {
            _ = try await client.send(answer)
        } catch {
            notAnswered(category: error.category.rawValue, error.message)
        }
    }

    private func notAnswered(category: String, _ error: String) {
        logger.warning("reply_not_answered", metadata: ["channel": "whatsapp", "category": "\(category)", "error": "\(error)"])
    }
}
