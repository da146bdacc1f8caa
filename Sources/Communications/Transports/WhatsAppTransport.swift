import Core
import Providers

/// WhatsApp through one business number on the Cloud API.
public final class WhatsAppTransport: Transport {
    public let provider = WhatsAppWebhook.provider
    public let isSandbox = false
    public let capacity: Int
    /// There is no way to look a message up; its webhooks usually come within seconds.
    public let unknownOutcomePause = 60

    public let client: WhatsAppClient
    private let flights = FlightGroup()

    /// - Parameter capacity: messages on their way at once.
    public init(client: WhatsAppClient, capacity: Int = 256) {
        self.client = client
        self.capacity = capacity
    }

    public func send(_ deliveries: [Delivery]) { flights.post(deliveries) }

    public func run() async { await flights.run { delivery in await self.deliver(delivery) } }

    public func check() async -> String? { await client.checkNumber() }

    public func stop(within duration: Duration) async { await flights.stop(within: duration) }

    private func deliver(_ delivery: Delivery) async -> Result<TransportReceipt, TransportFailure> {
        let message: WhatsAppMessage
        let skipped: Int
        do {
            let rendered = try delivery.render()
            (message, skipped) = try await self.message(rendered, delivery)
        } catch let failure as ProviderFailure {
            return .failure(TransportFailure(failure))
        } catch {
            return .failure(TransportFailure(rendering: error))
        }
        do {
            try delivery.begin()
        } catch {
            return .failure(TransportFailure(rendering: error))
        }
        do throws(ProviderFailure) {
            let receipt = try await client.send(message)
            let files = skipped == 0 ? nil : skipped == 1 ? "1 attachment not sent" : "\(skipped) attachments not sent"
            let response = [receipt.status ?? "accepted", files].compactMap { $0 }.joined(separator: ", ")
            return .success(TransportReceipt(providerMessageID: receipt.id, response: response))
        } catch {
            return .failure(TransportFailure(error))
        }
    }

    /// Uploads what the message carries: that alone reaches nobody, and so it may come before the last word.
    private func message(_ rendered: RenderedMessage, _ delivery: Delivery) async throws -> (WhatsAppMessage, skipped: Int) {
        let content = rendered.whatsApp ?? .text(rendered.text)
        var message = WhatsAppMessage(to: delivery.address, content: content, reference: delivery.id)
        guard content.wantsFile, let attachment = rendered.attachments.first else { return (message, rendered.attachments.count) }
        if let link = attachment.link, attachment.content.isEmpty {
            message.file = WhatsAppMessage.File(source: .link(link), filename: attachment.filename)
        } else {
            let id = try await client.upload(
                filename: attachment.filename, contentType: attachment.contentType, bytes: attachment.content)
            message.file = WhatsAppMessage.File(source: .uploaded(id: id), filename: attachment.filename)
        }
        return (message, rendered.attachments.count - 1)
    }
}

extension WhatsAppContent {
    /// Whether it speaks of the message's first attachment.
    fileprivate var wantsFile: Bool {
        switch self {
        case .text: false
        case .media: true
        case .template(let template): template.header == .document || template.header == .image
        }
    }
}
