import Core
import Providers

/// SMS through one Twilio account.
public final class SMSTransport: Transport {
    public let provider = TwilioWebhook.provider
    public let isSandbox = false
    public let capacity: Int
    public let senders: [String]
    /// What Twilio took a moment ago is in its list by then.
    public let unknownOutcomePause = 5

    /// Waits before a request that Twilio has too many of at once (20429) is repeated; never processed, hence safe.
    private static let pauses: [Duration] = [.milliseconds(100), .milliseconds(300), .milliseconds(900)]

    private let client: TwilioClient
    private let usualSender: TwilioSender
    private let sleep: @Sendable (Duration) async throws -> Void
    private let flights = FlightGroup()

    /// - Parameters:
    ///   - sender: what messages leave from where the delivery names nothing else.
    ///   - others: what else they may leave from.
    ///   - capacity: messages on their way at once.
    public init(
        client: TwilioClient, sender: TwilioSender, others: [TwilioSender] = [], capacity: Int = 256,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.client = client
        senders = ([sender] + others).map(\.text)
        usualSender = sender
        self.capacity = capacity
        self.sleep = sleep
    }

    public func send(_ deliveries: [Delivery]) { flights.post(deliveries) }

    public func run() async { await flights.run { delivery in await self.deliver(delivery) } }

    public func check() async -> String? { await client.checkAccount() }

    public func stop(within duration: Duration) async { await flights.stop(within: duration) }

    private func deliver(_ delivery: Delivery) async -> Result<TransportReceipt, TransportFailure> {
        let rendered: RenderedMessage
        do {
            rendered = try delivery.render()
        } catch {
            return .failure(TransportFailure(rendering: error))
        }
        let text = SMSText.normalised(rendered.text).text
        let sender = delivery.sender.flatMap(TwilioSender.init) ?? usualSender
        let message = TwilioMessage(to: delivery.address, sender: sender, body: text, reference: delivery.id)
        do throws(ProviderFailure) {
            if let since = delivery.lookUpSince, let found = try await client.lookUp(message, since: since) {
                return .success(receipt(found, rendered, note: "found at Twilio; not sent again"))
            }
        } catch {
            // Nothing is sent on a guess.
            return .failure(TransportFailure(error))
        }
        return await send(message, delivery, rendered)
    }

    private func send(
        _ message: TwilioMessage, _ delivery: Delivery, _ rendered: RenderedMessage
    ) async -> Result<TransportReceipt, TransportFailure> {
        var pauses = Self.pauses[...]
        while true {
            do {
                try delivery.begin()
            } catch {
                return .failure(TransportFailure(rendering: error))
            }
            do throws(ProviderFailure) {
                return .success(receipt(try await client.send(message), rendered, note: nil))
            } catch {
                guard error.code == 20429, error.retryAfter == nil, !flights.isStopping, let pause = pauses.popFirst(),
                    (try? await sleep(pause * Double.random(in: 1...1.5))) != nil
                else { return .failure(TransportFailure(error)) }
            }
        }
    }

    private func receipt(_ receipt: TwilioReceipt, _ rendered: RenderedMessage, note: String?) -> TransportReceipt {
        let segments = receipt.segments.map { $0 == 1 ? "1 segment" : "\($0) segments" }
        let skipped = rendered.attachments.isEmpty ? nil : "SMS carries no attachments"
        let parts = [receipt.status, segments, note, skipped].compactMap { $0 }.filter { !$0.isEmpty }
        return TransportReceipt(providerMessageID: receipt.sid, response: parts.joined(separator: ", "))
    }
}

extension TransportFailure {
    /// A provider's failure, as the engine knows failures.
    init(_ failure: ProviderFailure) {
        self.init(
            category: failure.category, message: failure.message, retryAfter: failure.retryAfter, outcomeUnknown: failure.outcomeUnknown,
            consequence: failure.consequence, scope: failure.concernsMessage ? .message : .account)
    }
}
