import Core
import Providers
import TestSupport
import Testing

@Suite("WhatsApp's webhooks")
struct WhatsAppWebhookTests {
    private func parse(_ value: String, field: String = "messages", number: String? = nil) throws -> WhatsAppWebhook {
        let body = #"{"object":"whatsapp_business_account","entry":[{"id":"W","changes":[{"field":"\#(field)","value":\#(value)}]}]}"#
        return try WhatsAppWebhook.parse(Array(body.utf8), phoneNumberID: number)
    }

    private func message(_ json: String) throws -> InboundMessage? {
        let webhook = try parse(
            """
            {"messaging_product":"whatsapp","metadata":{"display_phone_number":"1 555-000-1111","phone_number_id":"PN1"},
             "contacts":[{"profile":{"name":"Ada"},"wa_id":"15551234567"}],"messages":[\(json)]}
            """)
        return webhook.messages.first
    }

    @Test("a status is read with its time and our own id")
    func status() throws {
        let webhook = try parse(
            """
            {"metadata":{"phone_number_id":"PN1"},"statuses":[{"id":"wamid.A","status":"delivered","timestamp":"1698266945",
             "recipient_id":"15551234567","biz_opaque_callback_data":"0190a3c4-1111-7abc-8def-0123456789ab",
             "pricing":{"billable":true,"pricing_model":"PMP"}}]}
            """)
        #expect(
            webhook.events == [
                ProviderEvent(
                    provider: "whatsapp", providerMessageID: "wamid.A", word: "delivered", event: .delivered,
                    at: Timestamp(seconds: 1_698_266_945), reference: CommunicationID("0190a3c4-1111-7abc-8def-0123456789ab"))
            ])
    }

    @Test(
        "each status word means what it means",
        arguments: [
            ("sent", StatusEvent.sent), ("delivered", .delivered), ("read", .opened), ("played", .opened), ("failed", .bounced),
            ("deleted", nil), ("warning", nil), ("new", nil),
        ] as [(String, StatusEvent?)])
    func words(word: String, event: StatusEvent?) throws {
        let webhook = try parse(#"{"statuses":[{"id":"wamid.A","status":"\#(word)","timestamp":1698266945}]}"#)
        #expect(webhook.events.map(\.event) == [event])
        #expect(webhook.events.first?.at == Timestamp(seconds: 1_698_266_945))
    }

    @Test("a failure tells its code and consequence")
    func failed() throws {
        let webhook = try parse(
            #"{"statuses":[{"id":"wamid.A","status":"failed","errors":[{"code":131050,"title":"t","error_data":{"details":"+15551234567"}}]}]}"#
        )
        let failure = try #require(webhook.events.first?.failure)
        #expect(failure.code == 131050)
        #expect(failure.category == .permanent)
        #expect(failure.consequence == .marketingOptedOut)
        #expect(!failure.message.contains("1555"))
    }

    @Test("text, answer, sender and time of a message are read")
    func text() throws {
        let read = try message(
            #"{"from":"15551234567","id":"wamid.M","timestamp":"1700000000","type":"text","text":{"body":"Yes please"},"context":{"from":"1","id":"wamid.O"}}"#
        )
        let message = try #require(read)
        #expect(message.from == "+15551234567")
        #expect(message.to == "+15550001111")
        #expect(message.text == "Yes please")
        #expect(message.kind == "text")
        #expect(message.repliesTo == "wamid.O")
        #expect(message.profileName == "Ada")
        #expect(message.at == Timestamp(seconds: 1_700_000_000))
        #expect(message.channel == .whatsapp)
    }

    @Test("buttons and lists bring their payload")
    func payloads() throws {
        let button = try message(#"{"from":"15551234567","id":"m","type":"button","button":{"payload":"P1","text":"Confirm"}}"#)
        #expect(button?.payload == "P1")
        #expect(button?.text == "Confirm")
        #expect(button?.kind == "button")
        let reply = try message(
            #"{"from":"15551234567","id":"m","type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"B","title":"Yes"}}}"#
        )
        #expect(reply?.kind == "button")
        #expect(reply?.payload == "B")
        let list = try message(
            #"{"from":"15551234567","id":"m","type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"L2","title":"Venue"}}}"#
        )
        #expect(list?.kind == "list")
        #expect(list?.payload == "L2")
        #expect(list?.text == "Venue")
    }

    @Test("media, reactions and kinds unknown to us are kept")
    func otherKinds() throws {
        let image = try message(
            #"{"from":"15551234567","id":"m","type":"image","image":{"id":"77","mime_type":"image/png","caption":"Look"}}"#)
        #expect(image?.media == [InboundMessage.Media(reference: "77", contentType: "image/png")])
        #expect(image?.text == "Look")
        let reaction = try message(
            #"{"from":"15551234567","id":"m","type":"reaction","reaction":{"message_id":"wamid.O","emoji":"👍"},"context":{"id":"x"}}"#)
        #expect(reaction?.repliesTo == "wamid.O")
        #expect(reaction?.text == "👍")
        #expect(try message(#"{"from":"15551234567","id":"m","type":"hologram","hologram":{"a":1}}"#)?.kind == "hologram")
        #expect(try message(#"{"from":"15551234567","id":"m","type":"unsupported","errors":[{"code":131051}]}"#)?.kind == "unsupported")
    }

    @Test("people who hide their number are known by their id")
    func hiddenNumber() throws {
        let read = try message(#"{"from_user_id":"US.13491208655302741918","id":"m","type":"text","text":{"body":"hi"}}"#)
        #expect(read?.from == "US.13491208655302741918")
    }

    @Test(
        "a sender that is no telephone number is kept as it came",
        arguments: [
            ("+1 (555) 123-4567", "+15551234567"), ("12345", "12345"), ("15551234567890123", "15551234567890123"), ("6834123", "+6834123"),
        ])
    func oddSender(from: String, kept: String) throws {
        #expect(try message(#"{"from":"\#(from)","id":"m","type":"text","text":{"body":"hi"}}"#)?.from == kept)
    }

    @Test("one body may hold many things, and a broken one does not hide the others")
    func batch() throws {
        let webhook = try parse(
            """
            {"statuses":[{"id":"wamid.A","status":"sent"},{"status":"sent"},7,{"id":"wamid.B","status":"read"}],
             "messages":[null,{"id":"m"},{"from":"15551234567","id":"m1","type":"text","text":{"body":"a"}}],"errors":[{"code":130429}]}
            """)
        #expect(webhook.events.map(\.providerMessageID) == ["wamid.A", "wamid.B"])
        #expect(webhook.messages.map(\.providerMessageID) == ["m1"])
        #expect(webhook.unknown.count == 5)
    }

    @Test("what is about another number is left alone")
    func otherNumber() throws {
        let value = #"{"metadata":{"phone_number_id":"PN2"},"statuses":[{"id":"wamid.A","status":"sent"}]}"#
        #expect(try parse(value, number: "PN1").events.isEmpty)
        #expect(try parse(value, number: "PN1").unknown == ["messages: for another number"])
        #expect(try parse(value, number: "PN2").events.count == 1)
    }

    @Test("templates and preferences are read, other fields are named")
    func otherFields() throws {
        let template = try parse(
            #"{"event":"REJECTED","message_template_id":1,"message_template_name":"order","message_template_language":"en_US","reason":"INVALID_FORMAT"}"#,
            field: "message_template_status_update")
        #expect(template.templateUpdates.map(\.name) == ["order"])
        #expect(template.templateUpdates.first?.status == "REJECTED")
        #expect(template.templateUpdates.first?.reason == "INVALID_FORMAT")
        let preferences = try parse(
            #"{"user_preferences":[{"wa_id":"16505551234","category":"marketing_messages","value":"stop","timestamp":1731705721},{"wa_id":"16505551234","category":"other","value":"stop"}]}"#,
            field: "user_preferences")
        #expect(preferences.preferenceUpdates.map(\.from) == ["+16505551234"])
        #expect(preferences.preferenceUpdates.first?.stopsMarketing == true)
        #expect(preferences.unknown.count == 1)
        #expect(try parse("{}", field: "account_update").unknown == ["account_update"])
    }

    @Test("what is no webhook is refused", arguments: ["", "{", "[]", "{}", #"{"object":"page","entry":[]}"#, "null", "\u{FEFF}{}"])
    func malformed(body: String) {
        #expect(throws: WhatsAppWebhook.Malformed.self) { try WhatsAppWebhook.parse(Array(body.utf8)) }
    }

    @Test("a mutated webhook is read or refused, never a trap")
    func fuzz() throws {
        let seed = Array(
            #"{"object":"whatsapp_business_account","entry":[{"id":"W","changes":[{"field":"messages","value":{"metadata":{"display_phone_number":"15550001111","phone_number_id":"PN1"},"contacts":[{"profile":{"name":"Ada"},"wa_id":"15551234567"}],"messages":[{"from":"15551234567","id":"wamid.M","timestamp":"1700000000","type":"text","text":{"body":"Yes"}}],"statuses":[{"id":"wamid.A","status":"failed","timestamp":"9999999999999999999","errors":[{"code":9223372036854775807}]}]}}]}]}"#
                .utf8)
        _ = try WhatsAppWebhook.parse(seed)
        var random = SeededGenerator(seed: 11)
        let words = ["null", "[]", "{}", "-1", "1e999", "\"\\u0000\"", "true", "\"\"", "9223372036854775808"].map { Array($0.utf8) }
        var parsed = 0
        for _ in 0..<20_000 {
            var body = seed
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let position = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: body[position] = UInt8.random(in: 0...255, using: &random)
                case 1: body.remove(at: position)
                case 2: body.insert(contentsOf: words[Int.random(in: 0..<words.count, using: &random)], at: position)
                default:
                    // A value of another kind in the place of a string.
                    guard let open = body[position...].firstIndex(of: UInt8(ascii: "\"")),
                        let close = body[(open + 1)...].firstIndex(of: UInt8(ascii: "\""))
                    else { continue }
                    body.replaceSubrange(open...close, with: words[Int.random(in: 0..<words.count, using: &random)])
                }
            }
            if (try? WhatsAppWebhook.parse(body, phoneNumberID: "PN1")) != nil { parsed += 1 }
        }
        #expect(parsed > 1000)
    }
}
