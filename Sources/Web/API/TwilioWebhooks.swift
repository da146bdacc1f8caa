import Communications
import Core
import HTTPTypes
import Hummingbird
import Providers

/// What Twilio tells: how its messages fared, and what people write.
///
/// The signature comes first, over the public address, never one that the request names. What is signed and not understood is
/// answered as if it were, so that Twilio does not repeat it for ever; only a store that is away makes it come again (503).
struct TwilioWebhooksAPI: Sendable {
    private let receipts: EventIntake
    private let replies: ReplyIntake
    private let keys: WebhookKeys.Twilio?
    private let baseURL: String
    private let tally: WebhookTally

    init(_ parts: WebParts) {
        receipts = parts.receipts
        replies = parts.replies
        keys = parts.webhookKeys.twilio
        baseURL = parts.baseURL
        tally = WebhookTally(provider: TwilioWebhook.provider, metrics: parts.receipts.metrics)
    }

    func status(_ incoming: Incoming) async throws -> Answer {
        let form = try checked(incoming, .twilioStatus)
        let query = FormEncoding.decode((incoming.request.uri.query ?? "").utf8) ?? []
        if let event = form.flatMap({ TwilioWebhook.status($0, reference: TwilioWebhook.reference(query: query)) }) {
            try await tally.storing { try await receipts.take([event]) }
            tally.count(.taken)
        } else {
            tally.countNotUnderstood(["status"], incoming)
        }
        return Answer(status: .noContent)
    }

    func inbound(_ incoming: Incoming) async throws -> Answer {
        guard let form = try checked(incoming, .twilioInbound), let message = TwilioWebhook.inbound(form) else {
            tally.countNotUnderstood(["inbound"], incoming)
            return Self.answer(nil)
        }
        let answers = try await tally.storing { try await replies.take([message]) }
        tally.count(.reply)
        return Self.answer(answers.first?.text)
    }

    /// The form of a request that Twilio signed for our account; nil where it carries something else.
    ///
    /// - Throws: ``Refusal/forbidden`` for everybody else.
    private func checked(_ incoming: Incoming, _ path: Path) throws -> [(String, String)]? {
        guard let keys else { throw tally.refuse(.notConfigured) }
        let isForm = incoming.headers[.contentType].map { $0.lowercased().hasPrefix("application/x-www-form-urlencoded") } ?? false
        let form = isForm ? FormEncoding.decode(incoming.body) : nil
        let query = incoming.request.uri.query.map { "?\($0)" } ?? ""
        let isSigned = TwilioSignature.verify(
            TwilioSignature.Presented(
                signature: incoming.headers[.twilioSignature], settings: incoming.headers[.twilioSignatureSettings]),
            url: baseURL + path.rawValue + query, parameters: form ?? [], body: incoming.body, token: keys.token,
            sharedKeys: keys.sharedKeys)
        // A body that is no form is signed by its hash in the address, or not at all.
        guard isSigned, form != nil || incoming.body.isEmpty || query.contains("bodySHA256=") else { throw tally.refuse(.signature) }
        guard let form else { return nil }
        let accounts = form.filter { $0.0 == "AccountSid" }
        guard !accounts.isEmpty, accounts.allSatisfy({ ConstantTime.equal($0.1, keys.account) }) else { throw tally.refuse(.account) }
        return form
    }

    /// TwiML that answers the person, or nothing.
    static func answer(_ text: String?) -> Answer {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
        let body = text.map { "<Response><Message>\(escaped($0))</Message></Response>" } ?? "<Response/>"
        return Answer(status: .ok, body: Array((head + body).utf8), contentType: MediaType.xml)
    }

    /// Text for XML 1.0; characters that it can not hold fall out.
    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "\n", "\t": out.unicodeScalars.append(scalar)
            default: if scalar.value >= 0x20, scalar.value != 0xFFFE, scalar.value != 0xFFFF { out.unicodeScalars.append(scalar) }
            }
        }
        return out
    }
}
