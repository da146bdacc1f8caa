import Core
import Emulators
import Providers
import Testing

@Suite("The WhatsApp emulator", .timeLimit(.minutes(5)))
struct WhatsAppTests {
    private static let hello = #"{"name":"hello_world","language":{"code":"en_US"}}"#

    @Test("takes a template and reports sent and delivered, signed, with the sender's own id")
    func sends() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let answer = try await stage.template("15551230000", Self.hello)
            #expect(answer.status == 200)
            let json = try answer.json
            let id = try #require(json["messages"]?.elements.first { _ in true }?["id"]?.string)
            #expect(id.hasPrefix("wamid."))
            #expect(json["messages"]?.elements.first { _ in true }?["message_status"]?.string == "accepted")
            #expect(json["contacts"]?.elements.first { _ in true }?["wa_id"]?.string == "15551230000")
            await stage.emulator.wait { $0.reported == 2 }
            let events = try await stage.webhooks(1).flatMap(\.events)
            #expect(events.map(\.word) == ["sent", "delivered"])
            #expect(events.allSatisfy { $0.providerMessageID == id && $0.at == Timestamp(seconds: 1_795_248_000) })
            #expect(stage.product.received.allSatisfy { $0.target == "/api/crm/webhooks/whatsapp" })
            let body = String(decoding: stage.product.received[0].body, as: UTF8.self)
            #expect(body.contains(#""biz_opaque_callback_data":"our-id""#) && body.contains(#""category":"utility""#))
            #expect(stage.emulator.message(id)?.body == "Welcome and congratulations!")
        }
    }

    @Test("asks for the token, with and without a version in the path")
    func credentials() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let wrong = try await stage.whatsApp("POST", "/\(Stage.number)/messages", "{}", token: "wrong")
            #expect(wrong.status == 401)
            #expect(try wrong.json["error"]?["code"]?.int64 == 190)
            let token = ("Authorization", "Bearer emulator-access-token")
            #expect(try await stage.call("GET", "/\(Stage.number)", [token]).json["display_phone_number"]?.string == "15005550006")
            #expect(try await stage.call("GET", "/v18.0/\(Stage.business)", [token]).status == 200)
            #expect(try await stage.call("GET", "/v25.0/\(Stage.number)").status == 401)
            #expect(stage.emulator.counters.unauthorized == 2 && stage.emulator.counters.sends.isEmpty)
        }
    }

    @Test("free text fails later outside the window, arrives inside it, and fails again after 24 hours")
    func window() async throws {
        try await Stage.with { (stage: Stage) async throws in
            #expect(try await stage.text("+15551230000").status == 200)
            let failed = try #require(try await stage.webhooks(1).flatMap(\.events).first)
            #expect(failed.word == "failed" && failed.failure?.code == 131_047 && failed.failure?.consequence == .windowClosed)
            #expect(await stage.emulator.send(EmulatedReply(provider: .whatsapp, from: "+15551230000", text: "hi")).status == 204)
            stage.clock.advance(seconds: 86_399)
            #expect(try await stage.text("15551230000").status == 200)
            await stage.emulator.wait { $0.finished == [.whatsapp: 2] }
            #expect(stage.emulator.messages.first?.status == .delivered)
            #expect(try await stage.text("15551239999").status == 200)
            stage.clock.advance(seconds: 1)
            #expect(try await stage.text("15551230000").status == 200)
            await stage.emulator.wait { $0.finished == [.whatsapp: 4] }
            #expect(stage.emulator.messages.first?.errorCode == 131_047)
        }
    }

    @Test("free text outside the window is refused at once where that is set")
    func windowRefused() async throws {
        try await Stage.with {
            $0.whatsApp.window = .refused
        } _: { (stage: Stage) async throws in
            #expect(try await stage.text("15551230000").json["error"]?["code"]?.int64 == 131_047)
            stage.emulator.openWindow(of: "+15551230000")
            #expect(try await stage.text("15551230000").status == 200)
        }
    }

    @Test(
        "answers magic numbers with their code at once",
        arguments: [
            ("+1500555131000", 131_000, 500), ("+1500555131056", 131_056, 429), ("+1500555130429", 130_429, 429),
            ("+150055500368", 368, 403),
            ("+150055500190", 190, 401), ("+1500556131026", 131_026, 400), ("+15005559010", 130_429, 429), ("+15005559011", 131_000, 500),
        ])
    func refusals(to: String, code: Int64, status: Int) async throws {
        try await Stage.with { (stage: Stage) async throws in
            let answer = try await stage.template(to, Self.hello)
            #expect(answer.status == status)
            #expect(try answer.json["error"]?["code"]?.int64 == code)
            #expect(try answer.json["error"]?["type"]?.string == "OAuthException")
            #expect(answer.header("Retry-After") == (to == "+15005559010" ? "2" : nil))
            #expect(stage.emulator.messages.isEmpty)
        }
    }

    @Test("reports by webhook what WhatsApp reports by webhook", arguments: [131_026, 131_049, 131_050])
    func failures(code: Int) async throws {
        try await Stage.with { (stage: Stage) async throws in
            #expect(try await stage.template("+1500555\(code)", Self.hello).status == 200)
            let event = try #require(try await stage.webhooks(1).flatMap(\.events).first)
            #expect(event.word == "failed" && event.failure?.code == code)
        }
    }

    @Test("checks templates against their parameters")
    func templates() async throws {
        try await Stage.with { (stage: Stage) async throws in
            func code(_ name: String, _ components: String, language: String = "en_US") async throws -> Int64? {
                let template = #"{"name":"\#(name)","language":{"code":"\#(language)"},"components":\#(components)}"#
                return try await stage.template("15551230000", template).json["error"]?["code"]?.int64
            }
            func body(_ texts: String...) -> String {
                #"{"type":"body","parameters":[\#(texts.map { #"{"type":"text","text":"\#($0)"}"# }.joined(separator: ","))]}"#
            }
            #expect(try await code("appointment_reminder", "[\(body("Ada", "at noon"))]") == nil)
            #expect(stage.emulator.messages.first?.body == "Hello Ada, a reminder: at noon.")
            #expect(try await code("appointment_reminder", "[\(body("Ada"))]") == 132_000)
            #expect(try await code("appointment_reminder", "[]") == 132_000)
            #expect(try await code("appointment_reminder", "[\(body("Ada", "at\\nnoon"))]") == 132_012)
            #expect(try await code("no_such", "[]") == 132_001)
            #expect(try await code("hello_world", "[]", language: "fr") == 132_001)
            #expect(try await code("waiting_for_review", "[\(body("Ada"))]") == 132_001)
            #expect(try await code("paused_for_quality", "[\(body("Ada"))]") == 132_015)
            let header =
                #"{"type":"header","parameters":[{"type":"document","document":{"link":"https://example.org/a.pdf","filename":"a.pdf"}}]}"#
            #expect(try await code("document_ready", "[\(header),\(body("Ada", "Plan"))]") == nil)
            #expect(stage.emulator.messages.first?.media == ["https://example.org/a.pdf"])
            #expect(try await code("document_ready", "[\(body("Ada", "Plan"))]") == 132_012)
            #expect(
                try await code("options_ready", #"[{"type":"header","parameters":[{"type":"text","text":"A"}]},\#(body("Ada", "3"))]"#)
                    == 131_008)
            let named =
                #"[{"type":"body","parameters":[{"type":"text","parameter_name":"news","text":"c"},{"type":"text","parameter_name":"first_name","text":"a"},{"type":"text","parameter_name":"subject","text":"b"}]}]"#
            #expect(try await code("named_update", named) == nil)
            #expect(stage.emulator.messages.first?.body == "Hello a, news about b: c")
            #expect(try await code("named_update", "[\(body("a", "b", "c"))]") == 100)
        }
    }

    @Test("pages through the templates and tells of a changed status")
    func catalog() async throws {
        try await Stage.with { (stage: Stage) async throws in
            var names: [String] = []
            var next: String? = "/v25.0/\(Stage.business)/message_templates?fields=name,status,category,language,components&limit=4"
            while let path = next {
                let json = try await stage.call("GET", path, [("Authorization", "Bearer emulator-access-token")]).json
                names += json["data"]?.elements.compactMap { $0["name"]?.string } ?? []
                next = json["paging"]?["next"]?.string.map { String($0.dropFirst(stage.emulator.baseURL.count)) }
            }
            #expect(names == EmulatedTemplate.samples.map(\.name))
            let change = #"{"name":"hello_world","language":"en_US","status":"PAUSED","reason":"QUALITY"}"#
            #expect(try await stage.control("POST", "/templates", change).json["status"]?.int64 == 204)
            let update = try #require(try await stage.webhooks(1).flatMap(\.templateUpdates).first)
            #expect(update.name == "hello_world" && update.status == "PAUSED" && update.reason == "QUALITY")
            #expect(try await stage.template("15551230000", Self.hello).json["error"]?["code"]?.int64 == 132_015)
        }
    }

    @Test("keeps, describes, hands out and deletes files; sends them by id")
    func media() async throws {
        try await Stage.with { (stage: Stage) async throws in
            let token = ("Authorization", "Bearer emulator-access-token")
            let type = ("Content-Type", "multipart/form-data; boundary=b1")
            func form(_ content: String, type: String = "application/pdf") -> [UInt8] {
                Array(
                    ("--b1\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"
                        + "--b1\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n\(type)\r\n"
                        + "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n"
                        + content + "\r\n--b1--\r\n").utf8)
            }
            let path = "/v25.0/\(Stage.number)/media"
            let id = try #require(try await stage.call("POST", path, [token, type], form("%PDF\r\n--x")).json["id"]?.string)
            let shown = try await stage.whatsApp("GET", "/\(id)").json
            #expect(shown["mime_type"]?.string == "application/pdf" && shown["file_size"]?.int64 == 9)
            let url = try #require(shown["url"]?.string)
            #expect(try await stage.call("GET", String(url.dropFirst(stage.emulator.baseURL.count)), [token]).text == "%PDF\r\n--x")
            #expect(try await stage.call("GET", String(url.dropFirst(stage.emulator.baseURL.count))).status == 401)
            stage.emulator.openWindow(of: "+15551230000")
            let document =
                #"{"messaging_product":"whatsapp","to":"15551230000","type":"document","document":{"id":"\#(id)","caption":"Plan"}}"#
            #expect(try await stage.whatsApp("POST", "/\(Stage.number)/messages", document).status == 200)
            #expect(stage.emulator.messages.first?.media == [id])
            #expect(try await stage.whatsApp("DELETE", "/\(id)").json["success"]?.bool == true)
            #expect(try await stage.whatsApp("POST", "/\(Stage.number)/messages", document).status == 400)
            #expect(
                try await stage.call("POST", path, [token, type], form("x", type: "text/html")).json["error"]?["code"]?.int64 == 131_053)
            for broken in ["--b1", "--b1\r\n\r\n", "--b2\r\n", "", "--b1\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b1--"] {
                #expect(try await stage.call("POST", path, [token, type], Array(broken.utf8)).status == 400)
            }
            #expect(try await stage.call("POST", path, [type], [UInt8](repeating: 0, count: 2 << 20)).status == 413)
        }
    }

    @Test("replies carry button, payload and the message that is answered; preferences and verification come too")
    func people() async throws {
        let product = CallbackReceiver { _, one in
            let query = one.target.split(separator: "?").last ?? ""
            let challenge = query.split(separator: "&").first { $0.hasPrefix("hub.challenge=") }?.dropFirst(14)
            return (200, query.contains("hub.verify_token=emulator-verify-token") ? String(challenge ?? "") : "")
        }
        try await Stage.with(product: product) { (stage: Stage) async throws in
            let id = try #require(
                try await stage.template("15551230000", Self.hello).json["messages"]?.elements.first { _ in true }?["id"]?.string)
            await stage.emulator.wait { $0.callbacksOpen == 0 && $0.reported == 2 }
            let before = stage.product.received.count
            let answer = try await stage.control("POST", "/reply", #"{"message":"\#(id)","text":"Confirm","payload":"yes-1","copies":2}"#)
            #expect(try answer.json["status"]?.int64 == 200)
            let messages = try await stage.webhooks(before + 2).flatMap(\.messages)
            #expect(messages.count == 2 && messages[0] == messages[1])
            #expect(
                messages[0].payload == "yes-1" && messages[0].repliesTo == id && messages[0].from == "+15551230000"
                    && messages[0].text == "Confirm")
            _ = try await stage.control("POST", "/preference", #"{"from":"+15551230000","value":"stop"}"#)
            #expect(try await stage.webhooks(before + 3).flatMap(\.preferenceUpdates).first?.stopsMarketing == true)
            #expect(await stage.emulator.verifyWebhook())
        }
    }

    @Test("tries webhooks again until they are taken")
    func retries() async throws {
        let product = CallbackReceiver { number, _ in (number <= 2 ? 503 : 200, "") }
        try await Stage.with(product: product) { (stage: Stage) async throws in
            _ = try await stage.template("+15005559014", Self.hello)
            await stage.emulator.wait { $0.reported == 1 }
            #expect(stage.product.received.count == 3 && stage.emulator.counters.callbackFailures == 2)
            #expect(Set(stage.product.received.map(\.body.count)).count == 1)
        }
    }

    @Test(
        "hostile bodies get 4xx and change nothing",
        arguments: [
            "", "{", "[]", "null", #"{"messaging_product":"whatsapp"}"#, #"{"messaging_product":"whatsapp","to":{"a":1},"type":"text"}"#,
            #"{"messaging_product":"whatsapp","to":"15551230000","type":"text","text":"x"}"#,
            #"{"messaging_product":"whatsapp","to":"15551230000","type":"text","text":{"body":7}}"#,
            #"{"messaging_product":"whatsapp","to":"15551230000","type":"hologram","hologram":{}}"#,
            #"{"messaging_product":"whatsapp","to":"15551230000","type":"template","template":{"name":"hello_world","language":"en"}}"#,
            #"{"messaging_product":"whatsapp","to":"15551230000","type":"template","template":{"name":"appointment_reminder","language":{"code":"en_US"},"components":[{"type":"body","parameters":{}}]}}"#,
            #"{"messaging_product":"whatsapp","to":"15551230000","type":"template","template":{"name":"hello_world","language":{"code":"en_US"},"components":[{"type":"button","index":99999999999999999999}]}}"#,
            #"{"messaging_product":"whatsapp","to":"15005550006","type":"text","text":{"body":"to ourselves"}}"#,
            #"{"messaging_product":"whatsapp","to":"15551230000","type":"document","document":{"link":"file:///etc/passwd"}}"#,
            #"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.none"}"#,
        ])
    func hostile(body: String) async throws {
        try await Stage.with { (stage: Stage) async throws in
            let answer = try await stage.whatsApp("POST", "/\(Stage.number)/messages", body)
            #expect((400..<500).contains(answer.status))
            #expect(try answer.json["error"]?["code"]?.int64 != nil)
            #expect(stage.emulator.messages.isEmpty)
        }
    }
}
