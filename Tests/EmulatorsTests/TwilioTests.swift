import Core
import Emulators
import HTTPTypes
import Providers
import Testing

@Suite("The Twilio emulator", .timeLimit(.minutes(5)))
struct TwilioTests {
    @Test("takes a message and reports sent and delivered, signed, in this order")
    func sends() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let answer = try await stage.sms("+15551230000", body: "Guten Tag, Zoë & Co. +1")
            #expect(answer.status == 201)
            #expect(answer.header("Twilio-Request-Id")?.hasPrefix("RQ") == true)
            #expect(answer.header("Server") == "rapport-emulator")
            let json = try answer.json
            let id = try #require(json["sid"]?.string)
            #expect(id.hasPrefix("SM") && id.utf8.count == 34)
            #expect(json["status"]?.string == "queued")
            #expect(json["body"]?.string == "Guten Tag, Zoë & Co. +1")
            #expect(json["num_segments"]?.string == "1" && json["error_code"]?.isNull == true)
            #expect(json["date_created"]?.string == "Sat, 21 Nov 2026 08:00:00 +0000")
            let forms = try await stage.forms(2)
            #expect(forms.map { $0["MessageStatus"] } == ["sent", "delivered"])
            #expect(forms.allSatisfy { $0["MessageSid"] == id && $0["AccountSid"] == Stage.account && $0["To"] == "+15551230000" })
            #expect(forms[1]["RawDlrDoneDate"] == "2611210800")
            let shown = try await stage.twilio("GET", "/Messages/\(id).json").json
            #expect(shown["status"]?.string == "delivered" && shown["date_sent"]?.string == "Sat, 21 Nov 2026 08:00:00 +0000")
        }
    }

    @Test("a messaging service picks the sender later, and says queued first")
    func service() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let fields = [
                ("To", "+15551230000"), ("MessagingServiceSid", "MG0123456789abcdef0123456789abcdef"), ("Body", "x"),
                ("StatusCallback", stage.productURL + "/s"),
            ]
            let json = try await stage.twilio("POST", "/Messages.json", fields).json
            #expect(json["status"]?.string == "accepted" && json["from"]?.isNull == true && json["num_segments"]?.string == "0")
            #expect(try await stage.forms(3).map { $0["MessageStatus"] } == ["queued", "sent", "delivered"])
        }
    }

    @Test("refuses missing and wrong credentials, takes API keys")
    func credentials() async throws {
        try await Stage.with {
            $0.twilio.apiKeys = ["SK1": "secret"]
        } _: { (stage: Stage) async throws in
            for wrong in [
                nil, Stage.basic(Stage.account, "wrong"), Stage.basic("SK1", "wrong"), Stage.basic("SK2", ""), ("Authorization", "Basic !"),
            ] {
                let answer = try await stage.twilio("POST", "/Messages.json", [("To", "+15551230000")], authorization: wrong)
                #expect(answer.status == 401)
                #expect(try answer.json["code"]?.int64 == 20_003)
            }
            #expect(try await stage.twilio("GET", ".json", authorization: Stage.basic("SK1", "secret")).status == 200)
            #expect(try await stage.twilio("GET", ".json").json["status"]?.string == "active")
            #expect(stage.emulator.counters.unauthorized == 5 && stage.emulator.counters.sends.isEmpty)
            #expect(try await stage.call("GET", "/2010-04-01/Accounts/AC2/Messages.json", [Stage.twilioKey]).status == 404)
        }
    }

    @Test(
        "answers its test numbers with their errors",
        arguments: [
            ("+15005550001", "+15005550006", 21_211), ("+15005550002", "+15005550006", 21_612), ("+15005550003", "+15005550006", 21_408),
            ("+15005550004", "+15005550006", 21_610), ("+15005550009", "+15005550006", 21_614), ("+15551230000", "+15005550001", 21_212),
            ("+15551230000", "+15005550007", 21_606), ("+15551230000", "+15005550008", 21_611), ("5551230000", "+15005550006", 21_211),
            ("+150055521610", "+15005550006", 21_610), ("+150055630003", "+15005550006", 30_003), ("+150055520003", "+1555", 20_003),
        ])
    func errors(to: String, from: String, code: Int64) async throws {
        try await Stage.with { (stage: Stage) async throws in
            let answer = try await stage.sms(to, from: from)
            #expect(try answer.json["code"]?.int64 == code)
            #expect(answer.status == (code == 20_003 ? 401 : 400))
            #expect(try answer.json["more_info"]?.string == "https://www.twilio.com/docs/errors/\(code)")
            #expect(stage.emulator.messages.isEmpty && stage.emulator.counters.refused == [.twilio: 1])
        }
    }

    @Test(
        "reports codes of the network later",
        arguments: [
            ("+150055530003", 30_003, ["sent", "undelivered"]), ("+150055530007", 30_007, ["sent", "undelivered"]),
            ("+150055530034", 30_034, ["failed"]), ("+150055721610", 21_610, ["failed"]),
        ])
    func failures(to: String, code: Int, statuses: [String]) async throws {
        try await Stage.with { (stage: Stage) async throws in
            #expect(try await stage.sms(to).status == 201)
            let forms = try await stage.forms(statuses.count)
            #expect(forms.map { $0["MessageStatus"] ?? "" } == statuses)
            #expect(forms.last?["ErrorCode"] == "\(code)")
            await stage.emulator.wait { $0.callbacksOpen == 0 }
            #expect(stage.emulator.messages.first?.errorCode == code)
        }
    }

    @Test("refuses what is missing or too long, with the code for each")
    func validation() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let good = [("To", "+15551230000"), ("From", "+15005550006"), ("Body", "x")]
            func code(_ change: [(String, String)], without: String = "") async throws -> Int64? {
                let fields = good.filter { field in field.0 != without && !change.contains { $0.0 == field.0 } } + change
                return try await stage.twilio("POST", "/Messages.json", fields).json["code"]?.int64
            }
            #expect(try await code([], without: "To") == 21_604)
            #expect(try await code([], without: "From") == 21_603)
            #expect(try await code([], without: "Body") == 21_602)
            #expect(try await code([("Body", String(repeating: "x", count: 1601))]) == 21_617)
            #expect(try await code([("MessagingServiceSid", "MG1")]) == 21_705)
            #expect(try await code([("StatusCallback", "https://my_host.example.org/")]) == 21_609)
            #expect(try await code([("StatusCallback", "/relative")]) == 21_609)
            #expect(try await code([("MediaUrl", "nowhere")]) == 21_620)
            #expect(try await stage.twilio("POST", "/Messages.json", good + [("ValidityPeriod", "36001")]).status == 400)
            let answer = try await stage.twilio("POST", "/Messages.json", good + [("ValidityPeriod", "36000")])
            #expect(answer.status == 201)
            #expect(stage.emulator.messages.first?.validity == 36_000)
        }
    }

    @Test("cuts the connection after taking a message, and before")
    func unknownOutcome() async throws {
        try await Stage.with { (stage: Stage) async throws in
            await #expect(throws: SafeHTTP.Failure.self) { try await stage.sms("+15005559003", body: "taken") }
            #expect(try await stage.forms(2).last?["MessageStatus"] == "delivered")
            await #expect(throws: SafeHTTP.Failure.self) { try await stage.sms("+15005559004", body: "dropped") }
            let found = try await stage.twilio("GET", "/Messages.json?To=%2B15005559003&DateSent=2026-11-21").json["messages"]
            #expect(found?.elements.map { $0["body"]?.string } == ["taken"])
            #expect(stage.emulator.messages(to: "+15005559004").isEmpty)
            #expect(stage.emulator.counters.sends == [.twilio: 2])
        }
    }

    @Test("never answers where that is asked for, and others are served meanwhile")
    func hang() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let hanging = Task { try await stage.sms("+15005559002") }
            await stage.emulator.wait { $0.sends == [.twilio: 1] }
            #expect(try await stage.sms("+15551230000").status == 201)
            hanging.cancel()
            await #expect(throws: SafeHTTP.Failure.cancelled) { try await hanging.value }
            #expect(stage.emulator.messages(to: "+15005559002").isEmpty)
        }
    }

    @Test("answers with what proxies and broken servers say")
    func brokenAnswers() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let page = try await stage.sms("+15005559005")
            #expect(page.status == 502 && page.header("Content-Type") == "text/html")
            let cut = try await stage.sms("+15005559006")
            #expect(cut.status == 201 && (try? cut.json) == nil && !stage.emulator.messages(to: "+15005559006").isEmpty)
            await #expect(throws: SafeHTTP.Failure.self) { try await stage.sms("+15005559007") }
            #expect(!stage.emulator.messages(to: "+15005559007").isEmpty)
            let huge = try await stage.sms("+15005559008")
            #expect(huge.body.count > 8 << 20)
            #expect(try huge.json["sid"]?.string?.hasPrefix("SM") == true)
            let busy = try await stage.sms("+15005559009")
            #expect(busy.status == 429 && busy.header("Retry-After") == nil)
            #expect(try busy.json["code"]?.int64 == 20_429)
            let patient = try await stage.sms("+15005559010")
            #expect(patient.status == 429 && patient.header("Retry-After") == "2")
            #expect(try await stage.sms("+15005559011").status == 500)
            #expect(try await stage.sms("+15005559012").status == 503)
            #expect(try await stage.sms("+15005559012").status == 201)
        }
    }

    @Test("repeats, permutes and hurries callbacks on demand")
    func disturbedCallbacks() async throws {
        try await Stage.with { (stage: Stage) async throws in
            #expect(try await stage.sms("+15005559015").status == 201)
            #expect(
                try await stage.forms(6).map { $0["MessageStatus"] } == ["sent", "sent", "sent", "delivered", "delivered", "delivered"])
            #expect(try await stage.sms("+15005559016").status == 201)
            #expect(try await stage.forms(8).suffix(2).map { $0["MessageStatus"] } == ["delivered", "sent"])
            #expect(try await stage.sms("+15005559017").status == 201)
            // The first one was there before the answer.
            #expect(stage.product.received.count >= 9)
            #expect(try await stage.forms(10).suffix(2).map { $0["MessageStatus"] } == ["sent", "delivered"])
        }
    }

    @Test("tries a callback again as its fragment asks, and never signs the fragment")
    func retries() async throws {
        let product = CallbackReceiver { number, _ in (number < 3 ? 500 : 204, "") }
        try await Stage.with(product: product) { (stage: Stage) async throws in
            #expect(try await stage.sms("+15005559014", callback: "/status?a=1#rc=2&rp=5xx").status == 201)
            let forms = try await stage.forms(3)
            #expect(forms.map { $0["MessageStatus"] } == ["sent", "sent", "sent"])
            let received = stage.product.received
            #expect(received.allSatisfy { $0.target == "/status?a=1" })
            let token = try #require(HTTPField.Name("I-Twilio-Idempotency-Token"))
            #expect(received.map { $0.headers[token] != nil } == [false, true, true])
            await stage.emulator.wait { $0.callbacksOpen == 0 }
            #expect(stage.emulator.counters.callbackFailures == 2 && stage.emulator.counters.callbacks == 1)
        }
    }

    @Test("does not try again by default when the callback was answered with an error")
    func noRetry() async throws {
        try await Stage.with(product: CallbackReceiver { _, _ in (500, "") }) { (stage: Stage) async throws in
            #expect(try await stage.sms("+15005559014").status == 201)
            _ = await stage.product.wait(1)
            await stage.emulator.wait { $0.callbacksLost == 1 }
            #expect(stage.product.received.count == 1 && stage.emulator.counters.callbacksOpen == 0)
        }
    }
}
