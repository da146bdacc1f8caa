import Communications
import Core
import HTTPTypes
import Hummingbird
import Logging
import Observability
import Providers
import Storage

/// What Meta tells of the WhatsApp account: how messages fared, what people write, what became of templates.
struct WhatsAppWebhooksAPI: Sendable {
    private let receipts: EventIntake
    private let replies: ReplyIntake
    private let database: Database
    private let keys: WebhookKeys.WhatsApp?
    private let metrics: EngineMetrics

    private static let provider = WhatsAppWebhook.provider
    private static let longestChallenge = 1_024

    init(_ parts: WebParts) {
        receipts = parts.receipts
        replies = parts.replies
        database = parts.database
        keys = parts.webhookKeys.whatsApp
        metrics = parts.receipts.metrics
    }

    /// Meta asks whether the address is ours: whoever knows the token gets the challenge back.
    func verify(_ incoming: Incoming) async throws -> Answer {
        guard let keys else { throw refuse(.notConfigured) }
        let query = FormEncoding.decode((incoming.request.uri.query ?? "").utf8) ?? []
        func value(_ name: String) -> String? { query.first { $0.0 == name }?.1 }
        guard value("hub.mode") == "subscribe", let token = value("hub.verify_token"), Secret.equal(token, keys.verifyToken),
            let challenge = value("hub.challenge"), challenge.utf8.count <= Self.longestChallenge
        else { throw refuse(.verifyToken) }
        return Answer(status: .ok, body: Array(challenge.utf8), contentType: MediaType.text)
    }

    func receive(_ incoming: Incoming) async throws -> Answer {
        guard let keys else { throw refuse(.notConfigured) }
        guard WhatsAppSignature.verify(header: incoming.headers[.hubSignature], body: incoming.body, secret: keys.appSecret) else {
            throw refuse(.signature)
        }
        guard let webhook = try? WhatsAppWebhook.parse(incoming.body, phoneNumberID: keys.phoneNumberID) else {
            note(["malformed"], incoming)
            return Self.thanks
        }
        do {
            try await take(webhook)
        } catch {
            count("store_away")
            throw error
        }
        note(webhook.unknown, incoming)
        return Self.thanks
    }

    /// All of it is durable before the answer; a repetition of any part does no harm.
    private func take(_ webhook: WhatsAppWebhook) async throws {
        try await receipts.take(webhook.events)
        count("taken", webhook.events.count)
        if !webhook.messages.isEmpty {
            _ = try await replies.take(webhook.messages)
            count("reply", webhook.messages.count)
        }
        for update in webhook.preferenceUpdates {
            try await receipts.setMarketing(allowed: !update.stopsMarketing, number: update.from, channel: .whatsapp)
            count("preference")
        }
        guard !webhook.templateUpdates.isEmpty else { return }
        let updates = webhook.templateUpdates
        try await database.write { tx in
            for update in updates { try tx.noteTemplateStatus(name: update.name, language: update.language, status: update.status) }
        }
        count("template", updates.count)
    }

    private static let thanks = Answer(status: .ok)

    private func refuse(_ reason: WebhookRefusal) -> Refusal {
        metrics.webhooksRefused[Self.provider, reason.rawValue].increment()
        return .forbidden
    }

    /// - Parameter kinds: names of kinds, never content.
    private func note(_ kinds: [String], _ incoming: Incoming) {
        guard !kinds.isEmpty else { return }
        count("not_understood", kinds.count)
        incoming.logger.notice(
            "webhook_not_understood",
            metadata: [
                "provider": "\(Self.provider)", "request_id": "\(incoming.requestID)",
                "kinds": "\(kinds.prefix(10).joined(separator: ", "))",
            ])
    }

    private func count(_ result: String, _ number: Int = 1) {
        metrics.webhookEvents[Self.provider, result].increment(by: Int64(number))
    }
}
