import Communications
import Core
import HTTPTypes
import Hummingbird
import Providers
import Storage

/// What Meta tells of the WhatsApp account: how messages fared, what people write, what became of templates.
struct WhatsAppWebhooksAPI: Sendable {
    private let receipts: EventIntake
    private let replies: ReplyIntake
    private let database: Database
    private let keys: WebhookKeys.WhatsApp?
    private let tally: WebhookTally

    private static let longestChallenge = 1_024

    init(_ parts: WebParts) {
        receipts = parts.receipts
        replies = parts.replies
        database = parts.database
        keys = parts.webhookKeys.whatsApp
        tally = WebhookTally(provider: WhatsAppWebhook.provider, metrics: parts.receipts.metrics)
    }

    /// Meta asks whether the address is ours: whoever knows the token gets the challenge back.
    func verify(_ incoming: Incoming) async throws -> Answer {
        guard let keys else { throw tally.refuse(.notConfigured) }
        let query = FormEncoding.decode((incoming.request.uri.query ?? "").utf8) ?? []
        func value(_ name: String) -> String? { query.first { $0.0 == name }?.1 }
        guard value("hub.mode") == "subscribe", let token = value("hub.verify_token"), ConstantTime.equal(token, keys.verifyToken),
            let challenge = value("hub.challenge"), challenge.utf8.count <= Self.longestChallenge
        else { throw tally.refuse(.verifyToken) }
        return Answer(status: .ok, body: Array(challenge.utf8), contentType: MediaType.text)
    }

    func receive(_ incoming: Incoming) async throws -> Answer {
        guard let keys else { throw tally.refuse(.notConfigured) }
        guard WhatsAppSignature.verify(header: incoming.headers[.hubSignature], body: incoming.body, secret: keys.appSecret) else {
            throw tally.refuse(.signature)
        }
        guard let webhook = try? WhatsAppWebhook.parse(incoming.body, phoneNumberID: keys.phoneNumberID) else {
            tally.countNotUnderstood(["malformed"], incoming)
            return Self.thanks
        }
        try await tally.storing { try await take(webhook) }
        tally.countNotUnderstood(webhook.unknown, incoming)
        return Self.thanks
    }

    /// All of it is durable before the answer; a repetition of any part does no harm.
    private func take(_ webhook: WhatsAppWebhook) async throws {
        try await receipts.take(webhook.events)
        tally.count(.taken, webhook.events.count)
        if !webhook.messages.isEmpty {
            _ = try await replies.take(webhook.messages)
            tally.count(.reply, webhook.messages.count)
        }
        for update in webhook.preferenceUpdates {
            try await receipts.setMarketing(allowed: !update.stopsMarketing, number: update.from, channel: .whatsapp)
            tally.count(.preference)
        }
        guard !webhook.templateUpdates.isEmpty else { return }
        let updates = webhook.templateUpdates
        try await database.write { tx in
            for update in updates { try tx.noteTemplateStatus(name: update.name, language: update.language, status: update.status) }
        }
        tally.count(.template, updates.count)
    }

    private static let thanks = Answer(status: .ok)
}
