import Core
import Crypto
import Foundation
import Providers
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Mail providers' webhooks")
struct MailWebhookTests {
    private static let secret = "0123456789abcdef-secret"

    private func keys(_ key: P256.Signing.PrivateKey) -> WebhookKeys {
        var keys = WebhookKeys()
        keys.sendGrid = SendGridSignature(key: key.publicKey.derRepresentation.base64EncodedString())
        keys.mailgun = Self.secret
        keys.postmark = Self.secret
        return keys
    }

    private func unmatched(_ world: World) async throws -> [String] {
        try await world.database.read { tx in
            try tx.run("SELECT word FROM crm_unmatched_events ORDER BY word").map { try $0.text(0) }
        }
    }

    @Test("without keys, or with the wrong ones, nothing is believed and nothing happens")
    func refused() async throws {
        let body = Array(#"[{"event":"bounce","sg_message_id":"x"}]"#.utf8)
        let paths = ["ses", "sendgrid", "mailgun", "postmark"].map { "/api/crm/webhooks/\($0)" }
        try await World.run { world, api in
            for path in paths {
                let answer = try await api.with(key: nil).send("POST", path, body)
                #expect(answer.status == 403)
            }
            #expect(try await unmatched(world).isEmpty)
        }
        try await World.run(webhookKeys: keys(P256.Signing.PrivateKey())) { world, api in
            let stranger = api.with(key: nil)
            for path in paths {
                let answer = try await stranger.send("POST", path, body)
                #expect(answer.status == 403)
            }
            let bounce = Array(#"{"RecordType":"Bounce","Type":"HardBounce","MessageID":"pm"}"#.utf8)
            for (name, value) in [
                ("Authorization", "Basic \(Data("x:wrong".utf8).base64EncodedString())"), ("Authorization", "Basic !"),
                ("Authorization", "Bearer \(Self.secret)"),
            ] {
                #expect(try await stranger.with(name, value).send("POST", paths[3], bounce).status == 403)
            }
            #expect(try await stranger.send("POST", paths[3] + "?secret=wrong", bounce).status == 403)
            #expect(try await unmatched(world).isEmpty)
        }
    }

    @Test("what is proved is stored before it is answered", arguments: TestEngine.allCases)
    func taken(_ engine: TestEngine) async throws {
        let key = P256.Signing.PrivateKey()
        try await World.run(engine, webhookKeys: keys(key)) { world, api in
            let stranger = api.with(key: nil)
            let events = Array(
                #"[{"event":"bounce","sg_message_id":"sg1.x","status":"5.1.1"},{"event":"delivered","sg_message_id":"sg2.x"},{"event":"new"}]"#
                    .utf8)
            let signature = try key.signature(for: Data("160".utf8) + events).derRepresentation.base64EncodedString()
            #expect(
                try await stranger.with("X-Twilio-Email-Event-Webhook-Signature", signature).with(
                    "X-Twilio-Email-Event-Webhook-Timestamp", "160"
                )
                .send("POST", "/api/crm/webhooks/sendgrid", events).status == 200)
            let now = world.clock.now.milliseconds / 1_000
            for (time, status) in [(now, 200), (now - 50_000, 403)] {
                let code = HMAC<SHA256>.authenticationCode(for: Data("\(time)tok".utf8), using: SymmetricKey(data: Data(Self.secret.utf8)))
                let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                let body =
                    #"{"signature":{"timestamp":"\#(time)","token":"tok","signature":"\#(hex)"},"event-data":{"event":"complained","message":{"headers":{"message-id":"mg1"}}}}"#
                #expect(try await stranger.post("/api/crm/webhooks/mailgun", body).status == status)
            }
            let basic = "Basic \(Data("rapport:\(Self.secret)".utf8).base64EncodedString())"
            let record = #"{"RecordType":"Bounce","Type":"HardBounce","MessageID":"pm1"}"#
            #expect(try await stranger.with("Authorization", basic).post("/api/crm/webhooks/postmark", record).status == 200)
            #expect(try await stranger.post("/api/crm/webhooks/postmark?secret=\(Self.secret)", record).status == 200)
            #expect(
                try await unmatched(world) == [
                    "mailgun complained", "postmark Bounce HardBounce", "postmark Bounce HardBounce", "sendgrid bounce bounce",
                    "sendgrid delivered",
                ])
        }
    }
}
