import Core
import Emulators
import HTTPTypes
import NIOCore
import NIOPosix
import Providers
import Testing

@Suite("Steering the emulators", .timeLimit(.minutes(5)))
struct ControlTests {
    @Test("the page shows what was sent and escapes it")
    func page() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let id = try #require(try await stage.sms("+15551230000", body: "<script>alert(\"1\")</script> & more").json["sid"]?.string)
            let list = try await stage.call("GET", "/")
            #expect(list.text.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; more") && !list.text.contains("<script"))
            #expect(list.text.contains("emulator") && list.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
            let shown = try await stage.call("GET", "/messages/\(id)")
            #expect(shown.status == 200 && !shown.text.contains("<script") && shown.text.contains("+15551230000"))
            #expect(try await stage.call("GET", "/messages/SM1").status == 404)
            #expect(try await stage.call("GET", "/emulator.css").header("Content-Type") == "text/css; charset=utf-8")
            #expect(try await stage.call("GET", "/%3Cscript%3E").status == 404)
        }
    }

    @Test("forms of the page reply and report, those of other sites do not")
    func forms() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let id = try #require(try await stage.sms("+15005559013").json["sid"]?.string)
            let type = ("Content-Type", "application/x-www-form-urlencoded")
            let report = FormEncoding.encode([("message", id), ("status", "undelivered"), ("code", "30005")])
            #expect(try await stage.call("POST", "/report", [type, ("Sec-Fetch-Site", "cross-site")], report).status == 403)
            #expect(stage.product.received.isEmpty)
            let answer = try await stage.call("POST", "/report", [type, ("Sec-Fetch-Site", "same-origin")], report)
            #expect(answer.status == 303 && answer.header("Location") == "/messages/\(id)")
            #expect(try await stage.forms(1)[0]["ErrorCode"] == "30005")
            let reply = FormEncoding.encode([("provider", "twilio"), ("from", "+15551230000"), ("text", "<b>hi")])
            #expect(try await stage.call("POST", "/reply", [type], reply).text.contains("204"))
            #expect(try await stage.forms(2)[1]["Body"] == "<b>hi")
            #expect(try await stage.call("POST", "/reply", [type], Array("provider=twilio&from=x".utf8)).status == 422)
            #expect(try await stage.call("POST", "/reply", [("Content-Type", "text/plain")], reply).status == 400)
        }
    }

    @Test("a rule holds for one recipient, for a provider, or for all, until it is taken back")
    func behaviours() async throws {
        try await Stage.with { (stage: Stage) async throws in
            #expect(try await stage.control("POST", "/behaviour", #"{"provider":"twilio","behaviour":"internal-error"}"#).status == 204)
            #expect(try await stage.control("POST", "/behaviour", #"{"to":"+15551230000","behaviour":"refuse:21610"}"#).status == 204)
            #expect(try await stage.sms("+15551230000").json["code"]?.int64 == 21_610)
            #expect(try await stage.sms("+15551230001").status == 500)
            #expect(try await stage.template("15551230001", #"{"name":"hello_world","language":{"code":"en_US"}}"#).status == 200)
            #expect(try await stage.control("POST", "/behaviour", #"{"behaviour":null}"#).status == 204)
            #expect(try await stage.sms("+15551230001").status == 201)
            #expect(try await stage.control("POST", "/behaviour", #"{"behaviour":"dance"}"#).status == 422)
            #expect(try await stage.control("POST", "/behaviour", "[]").status == 400)
            #expect(try await stage.control("GET", "/nothing").status == 404)
        }
    }

    @Test("messages, sends and counters can be asked for and forgotten")
    func looking() async throws {
        try await Stage.with { (stage: Stage) async throws in
            _ = try await stage.sms("+15551230000", body: "one")
            _ = try await stage.sms("+150055521610", body: "refused")
            await stage.emulator.wait { $0.callbacks == 2 }
            let messages = try await stage.control("GET", "/messages?to=%2B15551230000&status=delivered").json["messages"]
            let message = try #require(messages?.elements.first { _ in true })
            #expect(messages?.count == 1 && message["body"]?.string == "one")
            #expect(message["history"]?.elements.compactMap { $0["status"]?.string } == ["queued", "sent", "delivered"])
            #expect(try await stage.control("GET", "/messages?provider=whatsapp").json["messages"]?.count == 0)
            #expect(try await stage.control("GET", "/messages?provider=pigeon").status == 422)
            let sends = try await stage.control("GET", "/sends").json["sends"]
            #expect(sends?.elements.compactMap { $0["to"]?.string } == ["+15551230000", "+150055521610"])
            let counters = try await stage.control("GET", "/counters").json
            #expect(counters["sends"]?["twilio"]?.int64 == 2 && counters["taken"]?["twilio"]?.int64 == 1)
            #expect(counters["refused"]?["twilio"]?.int64 == 1 && counters["callbacks"]?.int64 == 2)
            #expect(try await stage.control("DELETE", "/messages").status == 204)
            #expect(stage.emulator.messages.isEmpty && stage.emulator.sends.isEmpty && stage.emulator.counters == EmulatorCounters())
        }
    }

    @Test("keeps the newest messages and no more than it was told")
    func capacity() async throws {
        try await Stage.with {
            $0.capacity = 3
        } _: { (stage: Stage) async throws in
            for number in 0..<10 { #expect(try await stage.sms("+15551230000", body: "m\(number)").status == 201) }
            #expect(stage.emulator.messages.map(\.body) == ["m9", "m8", "m7"])
            #expect(stage.emulator.counters.taken == [.twilio: 10] && stage.emulator.sends.count <= 6)
        }
    }

    @Test("connects where it is told to, and signs the address that the message named")
    func connectTo() async throws {
        let product = CallbackReceiver()
        try await product.serve { (elsewhere: String) async throws in
            try await Stage.with {
                $0.connectTo = elsewhere
            } _: { (stage: Stage) async throws in
                let url = "https://public.example.org/status?a=b"
                let fields = [("To", "+15005559014"), ("From", "+15005550006"), ("Body", "x"), ("StatusCallback", url)]
                #expect(try await stage.twilio("POST", "/Messages.json", fields).status == 201)
                let one = await product.wait(1)[0]
                #expect(one.target == "/status?a=b")
                let form = try #require(FormEncoding.decode(one.body))
                let signature = one.headers.first { $0.name.canonicalName == "x-twilio-signature" }?.value
                #expect(TwilioSignature.verify(.init(signature: signature), url: url, parameters: form, token: TwilioAccount().authToken))
                #expect(stage.product.received.isEmpty)
            }
        }
    }

    @Test("a reply without a callback address says why it went nowhere")
    func nowhere() async throws {
        try await Stage.with {
            $0.callbackURL = nil
        } _: { (stage: Stage) async throws in
            let outcome = await stage.emulator.send(EmulatedReply(provider: .twilio, from: "+15551230000", text: "hi"))
            #expect(outcome.status == nil && outcome.fault?.contains("--callback") == true)
            #expect(try await stage.call("GET", "/").text.contains("--callback"))
        }
    }

    @Test("stops although a callback and a request are never answered")
    func stop() async throws {
        let product = CallbackReceiver { _, _ in (204, "") }
        try await product.serve { (url: String) async throws in
            var configuration = EmulatorConfiguration()
            configuration.latency = .none
            let group = MultiThreadedEventLoopGroup.singleton
            // A socket that takes connections and says nothing.
            let mute = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
            let emulator = try await EmulatorServer.start(configuration, clock: StageClock().wallClock, on: group)
            let http = SafeHTTP(eventLoopGroup: group)
            let stage = Stage(
                emulator: emulator, product: product, productURL: "http://127.0.0.1:\(mute.localAddress?.port ?? 0)", clock: StageClock(),
                http: http)
            #expect(try await stage.sms("+15551230000").status == 201)
            let hanging = Task { try await stage.sms("+15005559002") }
            await emulator.wait { $0.sends == [.twilio: 2] && $0.callbacksOpen == 1 }
            await emulator.shutdown()
            await #expect(throws: SafeHTTP.Failure.self) { try await hanging.value }
            await http.shutdown()
            try await mute.close()
        }
    }

    @Test("every behaviour is written as it is read")
    func behaviourNames() {
        let all: [Behaviour] = [
            .deliver, .read, .silent, .unconfirmed, .slow, .hang, .cut, .drop, .badGateway, .truncated, .incomplete, .huge, .internalError,
            .flaky, .duplicates, .shuffled, .early, .late, .refuse(code: 21_610), .fail(code: 30_003), .tooMany(retryAfter: nil),
            .tooMany(retryAfter: 7),
        ]
        for behaviour in all { #expect(Behaviour(behaviour.text) == behaviour) }
        for text in ["", "refuse", "refuse:", "refuse:x", "refuse:-1", "deliver:1", "too-many:", "fail:99999999999999999999"] {
            #expect(Behaviour(text) == nil)
        }
        #expect(EmulatedLatency("25") == .fixed(milliseconds: 25) && EmulatedLatency("none") == EmulatedLatency.none)
        #expect(EmulatedLatency("-1") == nil && EmulatedLatency("soon") == nil)
    }
}
