import Communications
import Core
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import Providers

/// What the providers that send our mail tell of it: Amazon SES, SendGrid, Mailgun, Postmark.
///
/// Each proves in its own way who it is, before anything else; whoever does not, or for whom nothing is set, is refused without effect.
/// What is proved and not understood is answered as if it were, so that it is not repeated for ever.
struct MailWebhooksAPI: Sendable {
    private let receipts: EventIntake
    private let keys: WebhookKeys
    private let returns: ReturnAddresses?
    private let now: @Sendable () -> Timestamp

    init(_ parts: WebParts) {
        receipts = parts.receipts
        keys = parts.webhookKeys
        returns = parts.returnAddresses
        let clock = parts.clock
        now = { clock.now() }
    }

    func ses(_ incoming: Incoming) async throws -> Answer {
        let tally = tally(SESNotification.source)
        guard let ses = keys.ses else { throw tally.refuse(.notConfigured) }
        guard let message = SNSMessage(incoming.body) else { throw tally.refuse(.signature) }
        guard ses.topics.contains(message.topic) else { throw tally.refuse(.account) }
        switch await ses.verifier.verify(message) {
        case .valid: break
        case .invalid: throw tally.refuse(.signature)
        case .unknown:
            tally.count(.storeAway)
            throw Refusal.unavailable
        }
        switch message.kind {
        case .subscription:
            guard await ses.verifier.confirm(message) else { throw Refusal.unavailable }
            incoming.logger.notice("ses_subscription_confirmed")
        case .unsubscription:
            incoming.logger.warning("ses_subscription_ended")
        case .notification:
            guard let events = SESNotification.events(message.message) else {
                tally.countNotUnderstood(["malformed"], incoming)
                break
            }
            try await take(events, tally, incoming, envelopeSender: SESNotification.envelopeSender(message.message))
        }
        return Self.thanks
    }

    func sendGrid(_ incoming: Incoming) async throws -> Answer {
        let tally = tally(SendGridWebhook.source)
        guard let key = keys.sendGrid else { throw tally.refuse(.notConfigured) }
        guard
            key.verify(
                signature: incoming.headers[.sendGridSignature], timestamp: incoming.headers[.sendGridTimestamp], body: incoming.body)
        else { throw tally.refuse(.signature) }
        guard let (events, unknown) = SendGridWebhook.events(incoming.body) else {
            tally.countNotUnderstood(["malformed"], incoming)
            return Self.thanks
        }
        try await take(events, tally, incoming)
        tally.countNotUnderstood(unknown, incoming)
        return Self.thanks
    }

    func mailgun(_ incoming: Incoming) async throws -> Answer {
        let tally = tally(MailgunWebhook.source)
        guard let key = keys.mailgun else { throw tally.refuse(.notConfigured) }
        guard let envelope = MailgunWebhook.Envelope(incoming.body), envelope.isSigned(with: key) else {
            throw tally.refuse(.signature)
        }
        guard envelope.isFresh(at: now()) else { throw tally.refuse(.expired) }
        guard let event = envelope.event else {
            tally.countNotUnderstood([envelope.kind], incoming)
            return Self.thanks
        }
        try await take([event], tally, incoming)
        return Self.thanks
    }

    func postmark(_ incoming: Incoming) async throws -> Answer {
        let tally = tally(PostmarkWebhook.source)
        guard let secret = keys.postmark else { throw tally.refuse(.notConfigured) }
        guard let presented = Self.password(incoming), ConstantTime.equal(presented, secret) else { throw tally.refuse(.signature) }
        guard let (event, kind) = PostmarkWebhook.record(incoming.body) else {
            tally.countNotUnderstood(["malformed"], incoming)
            return Self.thanks
        }
        guard let event else {
            tally.countNotUnderstood([kind], incoming)
            return Self.thanks
        }
        try await take([event], tally, incoming)
        return Self.thanks
    }

    /// All of it is durable before the answer; a repetition of any part does no harm.
    private func take(_ events: [MailEvent], _ tally: WebhookTally, _ incoming: Incoming, envelopeSender: String? = nil) async throws {
        let known = events.compactMap { $0.witnessed(returns: returns, envelopeSender: envelopeSender).providerEvent }
        try await tally.storing { try await receipts.take(known) }
        tally.count(.taken, known.count)
        if known.count < events.count { tally.countNotUnderstood(["no message named"], incoming) }
    }

    /// The password of basic authentication, whoever the user is; else `?secret=`.
    private static func password(_ incoming: Incoming) -> String? {
        if let header = incoming.headers[.authorization] {
            guard header.lowercased().hasPrefix("basic "), header.utf8.count <= 1_024,
                let data = Data(base64Encoded: String(header.dropFirst(6))),
                let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
            else { return nil }
            return String(text[text.index(after: colon)...])
        }
        let query = FormEncoding.decode((incoming.request.uri.query ?? "").utf8) ?? []
        return query.first { $0.0 == "secret" }?.1
    }

    private func tally(_ provider: String) -> WebhookTally {
        WebhookTally(provider: provider, metrics: receipts.metrics)
    }

    private static let thanks = Answer(status: .ok)
}
