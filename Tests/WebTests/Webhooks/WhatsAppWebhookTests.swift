import Communications
import Core
import Observability
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("WhatsApp's webhooks", .timeLimit(.minutes(5)))
struct WhatsAppWebhookTests {
    @Test("many statuses in one request move many messages, whatever their order", arguments: TestEngine.allCases)
    func statuses(_ engine: TestEngine) async throws {
        try await World.run(engine, webhookKeys: WebhookSender.keys) { world, api in
            var ids: [CommunicationID] = []
            var list: [(id: String, word: String, code: Int?)] = []
            for number in 0..<300 {
                let name = "wamid.\(number)"
                ids.append(try await world.sent(name, on: .whatsapp, provider: "whatsapp", client: "client-\(number)"))
                list += [(name, "read", nil), (name, "delivered", nil), (name, "sent", nil), (name, "dancing", nil)]
            }
            let reply = try await WebhookSender(api: api).whatsApp(WebhookSender.statuses(list))
            #expect(reply.status == 200)
            for id in ids { #expect(try await world.status(id) == "opened") }
        }
    }

    @Test("requests without the right signature have no effect and are counted")
    func refused() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            let id = try await world.sent("wamid.1", on: .whatsapp, provider: "whatsapp")
            let body = WebhookSender.statuses([("wamid.1", "delivered", nil)])
            let right = WebhookSender.whatsAppSignature(Array(body.utf8))
            let wrong = [
                "", "sha256=", String(right.dropFirst(7)), String(right.dropLast()), right.uppercased(), right + "0",
                "sha1=" + right.dropFirst(7), WebhookSender.whatsAppSignature(Array(body.utf8), secret: "another"),
                WebhookSender.whatsAppSignature(Array((body + " ").utf8)),
            ]
            for signature in wrong {
                try await WebhookSender(api: api).whatsApp(body, signature: signature).expectProblem(403, "forbidden")
            }
            #expect(try await world.status(id) == "sent")
            #expect(world.parts.receipts.metrics.webhooks.refused["whatsapp", "signature"].value == wrong.count)
        }
    }

    @Test("the address is proven by the token alone, and the challenge comes back as it came")
    func verification() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            let api = api.with(key: nil)
            let path = WebhookSender.whatsAppPath
            let reply = try await api.get(
                path + "?hub.mode=subscribe&hub.verify_token=open%20sesame+%26%20more&hub.challenge=%3Cb%3E1158201444")
            #expect(reply.status == 200)
            #expect(reply.text == "<b>1158201444")
            #expect(reply.header("content-type") == "text/plain; charset=utf-8")
            #expect(reply.header("x-content-type-options") == "nosniff")
            for query in [
                "", "?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1", "?hub.mode=subscribe&hub.challenge=1",
                "?hub.verify_token=open%20sesame%20%26%20more&hub.challenge=1",
                "?hub.mode=subscribe&hub.verify_token=open%20sesame%20%26%20more",
                "?hub.mode=subscribe&hub.verify_token=open%20sesame%20%26%20more&hub.challenge=" + String(repeating: "1", count: 2_000),
            ] {
                try await api.get(path + query).expectProblem(403, "forbidden")
            }
            #expect(world.parts.receipts.metrics.webhooks.refused["whatsapp", "verify_token"].value == 6)
        }
    }

    @Test("what is signed and not understood is answered and counted")
    func notUnderstood() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            let sender = WebhookSender(api: api)
            for body in [
                "", "{", "[]", "{}", "null", #"{"object":"page","entry":[]}"#, #"{"object":"whatsapp_business_account","entry":7}"#,
                #"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"flows","value":{}}]}]}"#, "\u{0}",
            ] {
                let reply = try await sender.whatsApp(body)
                #expect(reply.status == 200, "\(body)")
            }
            #expect(world.parts.receipts.metrics.webhooks.events["whatsapp", "not_understood"].value >= 7)
            #expect(try await world.count("crm_unmatched_events") == 0)
        }
    }

    @Test("a request of more than one mebibyte is taken, one of more than four is not")
    func large() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            let id = try await world.sent("wamid.1", on: .whatsapp, provider: "whatsapp")
            let sender = WebhookSender(api: api)
            let body = WebhookSender.statuses([("wamid.1", "delivered", nil)])
            #expect(try await sender.whatsApp(body + String(repeating: " ", count: 2 << 20)).status == 200)
            #expect(try await world.status(id) == "delivered")
            #expect(try await sender.whatsApp(body + String(repeating: " ", count: 4 << 20)).status == 413)
        }
    }

    @Test("an incoming message is kept once, however often it is told")
    func inbound() async throws {
        try await World.run(webhookKeys: WebhookSender.keys) { world, api in
            let body = """
                {"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
                "messaging_product":"whatsapp","metadata":{"display_phone_number":"1","phone_number_id":"\(WebhookSender.number)"},
                "contacts":[{"profile":{"name":"Ada"},"wa_id":"14155550100"}],
                "messages":[{"from":"14155550100","id":"wamid.in","timestamp":"1764000000","type":"text","text":{"body":"hello"}}]}}]}]}
                """
            for _ in 0..<2 {
                let reply = try await WebhookSender(api: api).whatsApp(body)
                #expect(reply.status == 200)
            }
            #expect(try await world.count("crm_replies") == 1)
        }
    }
}
