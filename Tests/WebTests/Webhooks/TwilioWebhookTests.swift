import Communications
import Core
import Crypto
import Foundation
import Observability
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Twilio's webhooks", .timeLimit(.minutes(5)))
struct TwilioWebhookTests {
    @Test("a signed report is stored before it is answered", arguments: TestEngine.allCases)
    func report(_ engine: TestEngine) async throws {
        try await World.run(engine, webhookKeys: WebhookSender.keys) { world, api in
            let id = try await world.sent("SM1", on: .sms, provider: "twilio")
            let reply = try await WebhookSender(api: api).status("delivered", of: "SM1")
            #expect(reply.status == 204)
            #expect(reply.bytes.isEmpty)
            #expect(try await world.status(id) == "delivered")
        }
    }

    @Test("forged, cut off, empty, foreign and unsigned requests have no effect and are counted")
    func refused() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            let id = try await world.sent("SM1", on: .sms, provider: "twilio")
            let sender = WebhookSender(api: api)
            let fields = WebhookSender.statusFields("delivered", of: "SM1")
            let path = WebhookSender.statusPath
            let right = WebhookSender.twilioSignature("http://localhost:8080" + path, fields)
            let wrong = [
                "", String(right.dropLast()), right + "=", "AAAA" + right.dropFirst(4),
                WebhookSender.twilioSignature("http://localhost:8080" + path, fields, key: "another token"),
                WebhookSender.twilioSignature("https://evil.example" + path, fields),
                WebhookSender.twilioSignature("http://localhost:8080" + path, Array(fields.dropLast())),
            ]
            for signature in wrong { try await sender.twilio(path, fields, signature: signature).expectProblem(403, "forbidden") }
            // Which host the request names is of no interest.
            try await sender.twilio(
                path, fields, base: "https://evil.example", headers: ["Host": "evil.example", "X-Forwarded-Host": "evil.example"]
            ).expectProblem(403, "forbidden")
            // Signed with the right key, for another query than came.
            try await sender.twilio(path + "?tenant=7", fields, signature: right).expectProblem(403, "forbidden")
            // Signed by a key that we have, for an account that is not ours.
            let foreign = WebhookSender.statusFields("delivered", of: "SM1", account: "AC99999999999999999999999999999999")
            try await sender.twilio(path, foreign).expectProblem(403, "forbidden")
            try await sender.twilio(path, fields.filter { $0.0 != "AccountSid" }).expectProblem(403, "forbidden")
            // A body that is not what was signed.
            let api = api.with(key: nil).with("X-Twilio-Signature", right)
            for body in ["", "%", "MessageSid=SM1&MessageStatus=delivered", #"{"MessageSid":"SM1"}"#] {
                for type in ["application/x-www-form-urlencoded", "application/json", "text/plain"] {
                    let reply = try await api.with("Content-Type", type).send("POST", path, Array(body.utf8))
                    #expect(reply.status == 403, "\(body) as \(type)")
                }
            }
            #expect(try await world.status(id) == "sent")
            #expect(try await world.count("crm_unmatched_events") == 0)
            let metrics = world.parts.receipts.metrics
            #expect(metrics.webhooks.refused["twilio", "signature"].value == 21)
            #expect(metrics.webhooks.refused["twilio", "account"].value == 2)
        }
    }

    @Test("the SHA-256 form, a default port, a query and repeated fields are understood")
    func variants() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            // The vectors of the documentation were made for another address; here the account's key and the path count.
            let id = try await world.sent("SM1", on: .sms, provider: "twilio")
            let sender = WebhookSender(api: api)
            let fields = WebhookSender.statusFields("delivered", of: "SM1")
            let path = WebhookSender.statusPath + "?ref=\(id)&x=%20+"
            #expect(try await sender.twilio(path, fields, base: "http://localhost").status == 204)
            #expect(try await world.status(id) == "delivered")
            // A shared key signs with SHA-256 over the same text.
            let sum = ("http://localhost:8080" + path) + fields.sorted { $0.0 < $1.0 }.map { $0.0 + $0.1 }.joined()
            let code = HMAC<SHA256>.authenticationCode(
                for: Data(sum.utf8), using: SymmetricKey(data: Data(WebhookSender.sharedKey.utf8)))
            let settings = ["X-Twilio-Webhooks-Signature-Settings": "key=SK1,algorithm=HMAC_SHA256"]
            let signature = Data(code).base64EncodedString()
            #expect(try await sender.twilio(path, fields, signature: signature, headers: settings).status == 204)
            #expect(try await sender.twilio(path, fields, signature: signature).status == 403)
            // Repeated names: each value once, sorted; empty values count with their name.
            let repeated = fields + [("Tag", "b"), ("Tag", "a"), ("Tag", "a"), ("Empty", "")]
            let text =
                "http://localhost:8080" + path + "AccountSid\(WebhookSender.account)ApiVersion2010-04-01Empty"
                + "From+15005550006MessageSidSM1MessageStatusdeliveredSmsSidSM1SmsStatusdeliveredTagaTagbTo+15005550009"
            let repeatedCode = HMAC<Insecure.SHA1>.authenticationCode(
                for: Data(text.utf8), using: SymmetricKey(data: Data(WebhookSender.token.utf8)))
            #expect(
                try await sender.twilio(path, repeated, signature: Data(repeatedCode).base64EncodedString()).status == 204)
            // A body that is no form is signed by its hash.
            let json = Array(#"{"property": "value"}"#.utf8)
            let hash = SHA256.hash(data: Data(json)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let hashed = WebhookSender.statusPath + "?bodySHA256=" + hash
            let jsonAPI = api.with(key: nil).with("X-Twilio-Signature", WebhookSender.twilioSignature("http://localhost:8080" + hashed, []))
            #expect(try await jsonAPI.send("POST", hashed, json).status == 204)
            #expect(try await jsonAPI.send("POST", hashed, json + json).status == 403)
            let unknownKey = try await sender.twilio(
                path, fields, headers: ["X-Twilio-Webhooks-Signature-Settings": "key=SK9,algorithm=HMAC_SHA256"])
            #expect(unknownKey.status == 403)
        }
    }

    @Test("a server without Twilio believes nothing")
    func notConfigured() async throws {
        try await World.run { world, api in
            try await WebhookSender(api: api).status("delivered", of: "SM1").expectProblem(403, "forbidden")
            #expect(world.parts.receipts.metrics.webhooks.refused["twilio", "not_configured"].value == 1)
        }
    }

    @Test("what is signed and not understood is answered, counted and changes nothing")
    func notUnderstood() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            let sender = WebhookSender(api: api)
            let account = ("AccountSid", WebhookSender.account)
            #expect(try await sender.twilio(WebhookSender.statusPath, [account]).status == 204)
            #expect(try await sender.twilio(WebhookSender.statusPath, [account, ("MessageSid", "SM1")]).status == 204)
            let inbound = try await sender.twilio(WebhookSender.inboundPath, [account, ("Body", "hi")])
            #expect(inbound.status == 200)
            #expect(inbound.header("content-type")?.hasPrefix("text/xml") == true)
            #expect(inbound.text.hasSuffix("<Response/>"))
            #expect(world.parts.receipts.metrics.webhooks.events["twilio", "not_understood"].value == 3)
            // A word of tomorrow is kept with its message.
            let id = try await world.sent("SM1", on: .sms, provider: "twilio")
            #expect(try await sender.status("partially_delivered", of: "SM1").status == 204)
            #expect(try await world.status(id) == "sent")
        }
    }

    @Test("bodies over the limit are refused unread, in either form of announcement")
    func large() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { _, api in
            let body = [UInt8](repeating: UInt8(ascii: "a"), count: (1 << 20) + 1)
            let reply = try await api.with(key: nil).with("Content-Type", "application/x-www-form-urlencoded")
                .send("POST", WebhookSender.statusPath, body)
            #expect(reply.status == 413)
        }
    }

    @Test("a store that can not be written to makes Twilio come again")
    func storeAway() async throws {
        let faults = Faults()
        try await World.run(webhookKeys: WebhookSender.keys, faults: faults) { world, api in
            let id = try await world.sent("SM1", on: .sms, provider: "twilio")
            let sender = WebhookSender(api: api)
            faults.inject(.fail(.unavailable(.notWritable, details: "full")), at: .commit)
            try await sender.status("delivered", of: "SM1").expectProblem(503, "unavailable")
            #expect(try await world.status(id) == "sent")
            #expect(try await sender.status("delivered", of: "SM1").status == 204)
            #expect(try await world.status(id) == "delivered")
        }
    }

    @Test("120 orders of contradictory words end in one status, with and without a fallback", arguments: TestEngine.allCases)
    func orders(_ engine: TestEngine) async throws {
        try await World.run(engine, webhookKeys: WebhookSender.keys) { world, api in
            let sender = WebhookSender(api: api)
            let words: [(String, Int?)] = [("sent", nil), ("delivered", nil), ("undelivered", 30_006), ("failed", 30_003), ("read", nil)]
            for fallbacks in [[], [Channel.whatsapp]] {
                var ids: [CommunicationID] = []
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (number, order) in Self.permutations(words.count).enumerated() {
                        let message = "SM\(fallbacks.count)-\(number)"
                        ids.append(
                            try await world.sent(
                                message, on: .sms, provider: "twilio", fallbacks: fallbacks, client: "client-\(number)"))
                        group.addTask {
                            for index in order + order {
                                let reply = try await sender.status(words[index].0, of: message, code: words[index].1)
                                #expect(reply.status == 204)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                var ends: Set<String> = []
                for id in ids { ends.insert(try await world.status(id)) }
                #expect(ends == [fallbacks.isEmpty ? "bounced" : "opened"])
            }
        }
    }

    @Test("an incoming message reaches the replies; a stop word is answered in the same breath where we are to answer it")
    func inbound() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            let sender = WebhookSender(api: api)
            let fields = [
                ("AccountSid", WebhookSender.account), ("Body", "Is <this> & that fine?"), ("From", "+14155550100"), ("MessageSid", "SM7"),
                ("NumMedia", "0"), ("To", "+15005550006"),
            ]
            for _ in 0..<2 {
                let reply = try await sender.twilio(WebhookSender.inboundPath, fields)
                #expect(reply.status == 200)
                #expect(reply.text == #"<?xml version="1.0" encoding="UTF-8"?><Response/>"#)
            }
            #expect(try await world.count("crm_replies") == 1)
        }
    }

    @Test("what a person is answered can not break out of its element")
    func escaping() {
        let answer = TwilioWebhooksAPI.answer("</Message><Redirect>x</Redirect> & \"quotes\"\u{0}\u{1b}\n")
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == #"<?xml version="1.0" encoding="UTF-8"?><Response><Message>&lt;/Message&gt;&lt;Redirect&gt;x&lt;/Redirect&gt; "#
                + "&amp; &quot;quotes&quot;\n</Message></Response>")
    }

    static func permutations(_ count: Int) -> [[Int]] {
        guard count > 1 else { return [[0]] }
        return permutations(count - 1).flatMap { shorter in
            (0...shorter.count).map { position in
                var order = shorter
                order.insert(count - 1, at: position)
                return order
            }
        }
    }
}
