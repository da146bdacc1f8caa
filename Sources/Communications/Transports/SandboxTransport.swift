import Core
import Logging
import Storage
import Synchronization

/// Keeps messages instead of sending them, so that the whole product can be tried with nothing configured.
public final class SandboxTransport: Transport {
    public let provider = "sandbox"
    public let isSandbox = true
    public let capacity = 512

    private let channel: Channel
    private let sender: String
    private let database: Database
    private let cipher: Cipher
    private let clock: WallClock
    private let queue = RoundQueue<[Delivery]>()

    public init(channel: Channel, sender: String, database: Database, cipher: Cipher, clock: WallClock) {
        self.channel = channel
        self.sender = sender
        self.database = database
        self.cipher = cipher
        self.clock = clock
    }

    public func send(_ deliveries: [Delivery]) {
        guard queue.post(deliveries) else {
            for delivery in deliveries { delivery.complete(.failure(.stopped)) }
            return
        }
    }

    public func check() async -> String? { nil }

    public func stop(within: Duration) async {
        queue.close()
    }

    /// Stores what arrives, many messages to a transaction.
    public func run() async {
        while let batches = await queue.next() {
            await store(batches.flatMap { $0 })
        }
    }

    private func store(_ deliveries: [Delivery]) async {
        var rendered: [(Delivery, SandboxMessage)] = []
        for delivery in deliveries {
            do {
                try delivery.begin()
                let message = try delivery.render()
                rendered.append((delivery, try kept(message, of: delivery)))
            } catch {
                delivery.complete(.failure(TransportFailure(rendering: error)))
            }
        }
        let messages = rendered.map(\.1)
        do {
            try await database.record { tx in
                for message in messages { try tx.insertSandboxMessage(message) }
            }
            for (delivery, message) in rendered {
                delivery.complete(.success(TransportReceipt(providerMessageID: message.id.description, response: "kept in the sandbox")))
            }
        } catch {
            for (delivery, _) in rendered {
                delivery.complete(.failure(TransportFailure(category: .transient, message: "the sandbox could not be written to")))
            }
        }
    }

    private func kept(_ message: RenderedMessage, of delivery: Delivery) throws -> SandboxMessage {
        let now = clock.now()
        let id = UUIDv7(at: now)
        let sealed = try cipher.seal(delivery.address, .sandboxRecipient(delivery.business, id))
        return SandboxMessage(
            id: id, business: delivery.business, communication: delivery.id, channel: channel, recipient: sealed, sender: sender,
            subject: message.subject, text: message.text, html: message.html, form: message.whatsApp?.form,
            note: message.note, createdAt: now)
    }
}

extension WhatsAppContent {
    /// In a word, for people.
    fileprivate var form: String {
        switch self {
        case .text: "text"
        case .media(let media): media.kind.rawValue
        case .template(let template): "template \(template.name) (\(template.language))"
        }
    }
}
