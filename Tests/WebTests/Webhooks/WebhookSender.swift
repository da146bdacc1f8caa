import Core
import Crypto
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

/// A provider as the webhooks see it; its signatures are computed here, not by the code that checks them.
struct WebhookSender: Sendable {
    static let account = "AC00000000000000000000000000000000"
    static let token = "f00dfacef00dfacef00dfacef00dface"
    static let sharedKey = "a-shared-key-of-the-account"
    static let appSecret = "0123456789abcdef0123456789abcdef"
    static let verifyToken = "open sesame & more"
    static let number = "106540352242922"

    static let keys = WebhookKeys(
        twilio: .init(account: account, token: token, sharedKeys: ["SK1": sharedKey]),
        whatsApp: .init(appSecret: appSecret, verifyToken: verifyToken, phoneNumberID: number))

    static let statusPath = "/api/crm/webhooks/twilio/status"
    static let inboundPath = "/api/crm/webhooks/twilio/inbound"
    static let whatsAppPath = "/api/crm/webhooks/whatsapp"

    let api: API

    static func form(_ fields: [(String, String)]) -> [UInt8] {
        let allowed = CharacterSet.alphanumerics
        func encode(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: allowed) ?? "" }
        return Array(fields.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&").utf8)
    }

    /// For fields whose names differ.
    static func twilioSignature(_ url: String, _ fields: [(String, String)], key: String = token) -> String {
        let text = url + fields.sorted { $0.0 < $1.0 }.map { $0.0 + $0.1 }.joined()
        let code = HMAC<Insecure.SHA1>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: Data(key.utf8)))
        return Data(code).base64EncodedString()
    }

    func twilio(
        _ path: String, _ fields: [(String, String)], base: String = "http://localhost:8080", signature: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Reply {
        var api = api.with(key: nil).with("Content-Type", "application/x-www-form-urlencoded")
        let signature = signature ?? Self.twilioSignature(base + path, fields)
        api = api.with("X-Twilio-Signature", signature)
        for (name, value) in headers { api = api.with(name, value) }
        return try await api.send("POST", path, Self.form(fields))
    }

    static func statusFields(
        _ status: String, of message: String, account: String = WebhookSender.account, code: Int? = nil
    ) -> [(String, String)] {
        var fields = [
            ("AccountSid", account), ("ApiVersion", "2010-04-01"), ("From", "+15005550006"), ("MessageSid", message),
            ("MessageStatus", status), ("SmsSid", message), ("SmsStatus", status), ("To", "+15005550009"),
        ]
        if let code { fields.append(("ErrorCode", "\(code)")) }
        return fields
    }

    func status(_ status: String, of message: String, code: Int? = nil) async throws -> Reply {
        try await twilio(Self.statusPath, Self.statusFields(status, of: message, code: code))
    }

    static func whatsAppSignature(_ body: [UInt8], secret: String = appSecret) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data(body), using: SymmetricKey(data: Data(secret.utf8)))
        return "sha256=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    func whatsApp(_ body: String, signature: String? = nil) async throws -> Reply {
        let bytes = Array(body.utf8)
        return try await api.with(key: nil).with("X-Hub-Signature-256", signature ?? Self.whatsAppSignature(bytes))
            .send("POST", Self.whatsAppPath, bytes)
    }

    /// Statuses of messages as Meta sends them, all in one request.
    static func statuses(_ list: [(id: String, word: String, code: Int?)]) -> String {
        let items = list.map { item in
            let errors = item.code.map { #","errors":[{"code":\#($0),"title":"not delivered"}]"# } ?? ""
            return #"{"id":"\#(item.id)","status":"\#(item.word)","timestamp":"1764000000","recipient_id":"15005550009"\#(errors)}"#
        }
        return """
            {"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
            "messaging_product":"whatsapp","metadata":{"display_phone_number":"1","phone_number_id":"\(number)"},
            "statuses":[\(items.joined(separator: ","))]}}]}]}
            """
    }
}

extension World {
    /// A message that the provider took under this name.
    func sent(
        _ message: String, on channel: Channel, provider: String, fallbacks: [Channel] = [], client: String = "ada"
    ) async throws -> CommunicationID {
        let (business, now) = (here.id, clock.now)
        let id = UUIDv7(at: now)
        let clientID = try #require(ClientID(client))
        _ = try await database.accept(
            Acceptance(
                business: business, id: id, clientID: clientID, idempotency: nil,
                recipient: SealedRecipient(phoneNumber: SealedValue(bytes: [1]), phoneHash: Array(client.utf8)), needsBatchState: false
            ) { client, now in
                AcceptancePlan(
                    planID: nil, messageType: "welcome", category: .transactional, urgency: .normal, channel: channel,
                    fallbacks: fallbacks, status: .sending, context: Array("{}".utf8), metadata: Array("{}".utf8), scheduledFor: now,
                    queue: .handedOff(token: 7, leaseUntil: now.adding(seconds: 60)), batch: .none, errorMessage: nil, attachments: [],
                    answer: [], client: client ?? ClientSnapshot())
            })
        let lost = try await database.finish([
            AttemptOutcome(
                id: id, token: 7, channel: channel, attempt: 1, startedAt: now, finishedAt: now, provider: provider, sandbox: false,
                members: [], result: .sent(providerMessageID: message, response: nil))
        ])
        try #require(lost.isEmpty)
        return id
    }

    func status(_ id: CommunicationID) async throws -> String {
        try await database.read { tx in
            try tx.run("SELECT status FROM crm_communications WHERE communication_id = \(id)")[0].text(0)
        }
    }

    func count(_ table: StaticString) async throws -> Int {
        try await database.read { tx in try tx.run("SELECT COUNT(*) FROM \(unsafeSQL: table)")[0].int(0) }
    }
}
