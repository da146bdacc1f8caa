import Core
import Logging
import Providers
import Storage

/// Where an endpoint's events go and which keys sign them.
struct WebhookSigner: Sendable {
    let url: String
    /// Empty when the endpoint's key can not be opened.
    let keys: [WebhookSecret]

    init(endpoint: WebhookEndpoint, cipher: Cipher, now: Timestamp) {
        url = endpoint.wishes.url
        let context = SealContext.webhookSecret(endpoint.business, endpoint.id)
        var sealed = [endpoint.secret]
        if let previous = endpoint.previousSecret, let until = endpoint.previousSecretUntil, now < until { sealed.append(previous) }
        let opened = sealed.map { try? cipher.openBytes($0, context) }
        keys = opened.first.flatMap { $0 } == nil ? [] : opened.compactMap { $0 }.map(WebhookSecret.init(stored:))
    }
}

extension EventDispatcher {
    /// Characters of an answer that are kept.
    private static let excerptLimit = 1_024
    private static let answerLimit = 64 << 10

    /// Offers an event once.
    func deliver(_ due: DueEvent, _ signer: WebhookSigner) async -> EventOutcome {
        let start = ContinuousClock.now
        let startedAt = clock.now()
        let exchange = await exchange(due, signer, at: startedAt)
        let (seconds, attoseconds) = start.duration(to: .now).components
        let duration = Int(clamping: seconds &* 1_000 &+ attoseconds / 1_000_000_000_000_000)
        return EventOutcome(
            due: due, startedAt: startedAt, duration: duration, responseStatus: exchange.status, error: exchange.error,
            response: exchange.excerpt, result: result(of: exchange, due), isGone: exchange.answer.isGone)
    }

    private func result(of exchange: Exchange, _ due: DueEvent) -> EventOutcome.Result {
        if exchange.isCancelled { return .released }
        let jitter = Double.random(in: 0..<1)
        switch policy.next(afterAttempt: due.attempts + 1, exchange.answer, now: clock.now(), jitter: jitter) {
        case .delivered: return .delivered
        case .retry(let at): return .retry(at: at)
        case .giveUp: return .failed
        }
    }

    private struct Exchange {
        var answer = WebhookAnswer.none
        var status: Int?
        var error: String?
        var excerpt: String?
        var isCancelled = false
    }

    private func exchange(_ due: DueEvent, _ signer: WebhookSigner, at time: Timestamp) async -> Exchange {
        guard !signer.keys.isEmpty else {
            logger.error("webhook_key_not_opened", metadata: ["endpoint_id": "\(due.endpoint)"])
            return Exchange(error: "the signing key can not be opened")
        }
        let payload = EventPayload.bytes(due.event)
        let id = due.event.id.description
        let headers = [
            ("Content-Type", "application/json"), ("webhook-id", id), ("webhook-timestamp", "\(time.seconds)"),
            ("webhook-signature", WebhookSignature.sign(id: id, timestamp: time.seconds, payload: payload, keys: signer.keys)),
        ]
        let request = SafeHTTP.Request(
            method: "POST", url: signer.url, headers: headers, body: payload,
            destination: allowsPrivateNetworks ? .configured : .userSupplied, timeout: timing.timeout, maxResponseBytes: Self.answerLimit)
        do throws(SafeHTTP.Failure) {
            let response = try await http.send(request)
            let retryAfter = RetryAfter.seconds(response.header("retry-after"), now: time, upTo: policy.longestRetryAfter)
            let answer = WebhookAnswer.status(response.status, retryAfter: retryAfter)
            return Exchange(
                answer: answer, status: response.status, error: answer.isSuccess ? nil : "answered with status \(response.status)",
                excerpt: Self.excerpt(response.body))
        } catch {
            if case .cancelled = error, Task.isCancelled { return Exchange(isCancelled: true) }
            // What it has to say beyond the status is nobody's business here.
            if case .responseTooLarge(let status) = error {
                let answer = WebhookAnswer.status(status)
                return Exchange(answer: answer, status: status, error: answer.isSuccess ? nil : "answered with status \(status)")
            }
            return Exchange(error: Self.explanation(error))
        }
    }

    static func excerpt(_ body: [UInt8]) -> String? {
        guard !body.isEmpty else { return nil }
        let text = String(decoding: body.prefix(Self.excerptLimit), as: UTF8.self)
        let clean = String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in scalar.properties.generalCategory == .control ? " " : scalar })
        return String(clean)
    }

    private static func explanation(_ failure: SafeHTTP.Failure) -> String {
        switch failure {
        case .refused(let reason): "not sent: \(reason)"
        case .connection(let reason): "no connection: \(reason)"
        case .timeout(requestWritten: false): "no connection in time"
        case .timeout(requestWritten: true): "no answer in time"
        case .responseTooLarge: "the answer is larger than 64 KiB"
        case .protocolError(let reason): "the answer can not be read: \(reason)"
        case .cancelled: "interrupted"
        }
    }
}
