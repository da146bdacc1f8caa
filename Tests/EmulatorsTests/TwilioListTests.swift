import Core
import HTTPTypes
import Providers
import Testing

@testable import Emulators

@Suite("Twilio's messages, listed and changed", .timeLimit(.minutes(5)))
struct TwilioListTests {
    @Test("pages show every message once, the newest first, whatever comes in between")
    func paging() async throws {
        try await Stage.with { (stage: Stage) async throws in
            for number in 0..<7 { #expect(try await stage.sms("+15551230000", body: "m\(number)").status == 201) }
            var seen: [String] = []
            var next: String? = "/2010-04-01/Accounts/\(Stage.account)/Messages.json?To=%2B15551230000&PageSize=3"
            var pages = 0
            while let uri = next {
                let json = try await stage.call("GET", uri, [Stage.twilioKey]).json
                seen += json["messages"]?.elements.compactMap { $0["body"]?.string } ?? []
                #expect(json["page"]?.int64 == Int64(pages))
                next = json["next_page_uri"]?.string
                pages += 1
                #expect(try await stage.sms("+15551230000", body: "late").status == 201)
            }
            #expect(pages == 3)
            #expect(seen == ["m6", "m5", "m4", "m3", "m2", "m1", "m0"])
        }
    }

    @Test("filters by recipient, sender and day")
    func filters() async throws {
        try await Stage.with { (stage: Stage) async throws in
            _ = try await stage.sms("+15551230000", body: "first")
            await stage.emulator.wait { $0.finished == [.twilio: 1] }
            stage.clock.advance(seconds: 86_400)
            _ = try await stage.sms("+15551230001", body: "second")
            await stage.emulator.wait { $0.finished == [.twilio: 2] }
            func found(_ query: String) async throws -> [String] {
                try await stage.twilio("GET", "/Messages.json?\(query)").json["messages"]?.elements.compactMap { $0["body"]?.string } ?? []
            }
            #expect(try await found("To=%2B15551230001") == ["second"])
            #expect(try await found("From=%2B15005550007").isEmpty)
            #expect(try await found("DateSent=2026-11-21") == ["first"])
            #expect(try await found("DateSent%3E=2026-11-22") == ["second"])
            #expect(try await found("DateSent%3C=2026-11-21") == ["first"])
            #expect(try await found("DateSent%3E=2026-11-21&DateSent%3C=2026-11-22") == ["second", "first"])
            #expect(try await stage.twilio("GET", "/Messages.json?DateSent=yesterday").status == 400)
            #expect(try await stage.twilio("GET", "/Messages.json?PageSize=0").status == 400)
            #expect(try await stage.twilio("GET", "/Messages.json?PageToken=forged").status == 400)
        }
    }

    @Test("deletes and redacts finished messages, cancels scheduled ones")
    func changes() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let fields = [
                ("To", "+15551230000"), ("MessagingServiceSid", "MG0123456789abcdef0123456789abcdef"), ("Body", "later"),
                ("SendAt", "2026-11-21T09:00:00Z"), ("ScheduleType", "fixed"),
            ]
            let id = try #require(try await stage.twilio("POST", "/Messages.json", fields).json["sid"]?.string)
            #expect(try await stage.twilio("DELETE", "/Messages/\(id).json").status == 409)
            let canceled = try await stage.twilio("POST", "/Messages/\(id).json", [("Status", "canceled")])
            #expect(try canceled.json["status"]?.string == "canceled")
            #expect(try await stage.twilio("POST", "/Messages/\(id).json", [("Status", "canceled")]).status == 400)
            #expect(try await stage.twilio("POST", "/Messages/\(id).json", [("Body", "")]).json["body"]?.string == "")
            #expect(try await stage.twilio("DELETE", "/Messages/\(id).json").status == 204)
            #expect(try await stage.twilio("GET", "/Messages/\(id).json").status == 404)
        }
    }

    @Test("a person's STOP makes the sender refuse, START lets it write again, and TwiML is understood")
    func stopWords() async throws {
        let product = CallbackReceiver { _, one in
            String(decoding: one.body, as: UTF8.self).contains("Body=hello")
                ? (200, "<?xml version=\"1.0\"?><Response><Message><Body>Tom &amp; Eve</Body></Message><Message>two</Message></Response>")
                : (200, "<Response/>")
        }
        try await Stage.with(product: product) { (stage: Stage) async throws in
            var reply = EmulatedReply(provider: .twilio, from: "+15551230000", text: " stop ")
            #expect(await stage.emulator.send(reply).status == 200)
            #expect(try await stage.sms("+15551230000").json["code"]?.int64 == 21_610)
            reply.text = "START"
            #expect(await stage.emulator.send(reply).answers.isEmpty)
            #expect(try await stage.sms("+15551230000", callback: "/s").status == 201)
            reply.text = "hello"
            let outcome = await stage.emulator.send(reply)
            #expect(outcome.answers == ["Tom & Eve", "two"])
            let inbound = try #require(try await stage.forms(3).first { $0["Body"] == "hello" })
            #expect(TwilioWebhook.inbound(inbound.map { ($0.key, $0.value) })?.from == "+15551230000")
            #expect(inbound["MessageSid"] == outcome.id && inbound["SmsStatus"] == "received" && inbound["OptOutType"] == nil)
            #expect(stage.emulator.messages(to: "+15551230000").filter { $0.direction == .reply }.count == 2)
        }
    }

    @Test("hostile requests get 4xx and change nothing")
    func hostile() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let path = "/2010-04-01/Accounts/\(Stage.account)/Messages.json"
            let form = ("Content-Type", "application/x-www-form-urlencoded")
            func post(_ body: [UInt8], _ type: (String, String) = form) async throws -> SafeHTTP.Response {
                try await stage.call("POST", path, [Stage.twilioKey, type], body)
            }
            #expect(
                try await post(Array("{\"To\":\"+15551230000\"}".utf8), ("Content-Type", "application/json")).json["code"]?.int64 == 21_604)
            #expect(try await post(Array("To=%2".utf8)).status == 400)
            #expect(try await post(Array("To=%FF%FE".utf8)).status == 400)
            #expect(try await post([]).json["code"]?.int64 == 21_604)
            #expect(try await post([UInt8](repeating: UInt8(ascii: "&"), count: 1 << 20)).json["code"]?.int64 == 21_604)
            #expect(try await post([UInt8](repeating: UInt8(ascii: "a"), count: 2 << 20)).status == 413)
            #expect(try await stage.call("GET", "/2010-04-01/Accounts/", [Stage.twilioKey]).status == 404)
            #expect(EmulatorRequest(method: .get, path: path, query: "To=%ZZ", headers: [:], host: "") == nil)
            #expect(try await stage.call("PUT", path, [Stage.twilioKey]).status == 405)
            #expect(stage.emulator.messages.isEmpty)
        }
    }
}
