import Communications
import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("The preference centre")
struct PreferenceCentreTests {
    @Test("the page is whole without scripts, light, and in the client's language", arguments: Translation.languages)
    func page(language: String) async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(
                world, api,
                record: #"{"email":"ada@example.org","phone_number":"+14155550100","timezone":"Europe/Berlin","language":"\#(language)"}"#)
            let page = try await ada.api.with("Accept-Language", "pt").get(ada.path(ada.preferences))
            page.expectPage(200)
            let direction = language == "ar" ? "rtl" : "ltr"
            #expect(page.text.contains("<html lang=\"\(language)\" dir=\"\(direction)\">"))
            #expect(page.header("content-language") == language)
            #expect(page.bytes.count < 30_000)
            let t = Translation.best(of: [language])
            for phrase in [Phrase.preferencesTitle, .channelsTitle, .timeTitle, .languageTitle, .marketingTitle, .stopTitle, .save] {
                #expect(page.text.contains(t.text(phrase).replacing("'", with: "&#39;")), "\(phrase)")
            }
            // Each field has its label, and the script is a file of ours.
            for id in ["first", "second", "third", "timezone", "quiet_start", "quiet_end", "language"] {
                #expect(page.text.contains("<label for=\"\(id)\">") && page.text.contains("id=\"\(id)\""), "\(id)")
            }
            #expect(page.text.ranges(of: "<script").count == 1)
            #expect(page.text.contains("<script type=\"module\" src=\"/assets/preferences.js\"></script>"))
            for asset in ["/assets/preferences.js", "/assets/public.css"] {
                let reply = try await ada.api.get(asset)
                #expect(reply.status == 200 && !reply.bytes.isEmpty && reply.header("cache-control") == "max-age=86400")
            }
        }
    }

    @Test("what holds is spelled out in a sentence")
    func sentence() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            #expect(
                try await ada.api.get(path).text.contains(
                    "We will write to you by e-mail between 08:00 and 22:00, Berlin time."))
            #expect(try await ada.form.post(path, ada.fields(["language": "de", "second": "sms"])).status == 303)
            #expect(
                try await ada.api.get(path).text.contains(
                    "Wir schreiben Ihnen per E-Mail, dann per SMS zwischen 08:00 und 22:00 Uhr, Ortszeit Berlin."))
            let all = ["stop_email": "1", "stop_sms": "1", "stop_whatsapp": "1", "language": "de"]
            #expect(try await ada.form.post(path, ada.fields(all)).status == 303)
            #expect(try await ada.api.get(path).text.contains("Wir schreiben Ihnen nicht."))
        }
    }

    @Test(
        "what is saved holds everywhere, the browser is sent back, and a confirmation goes by the preferred channel",
        arguments: TestEngine.allCases)
    func saves(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            let changes: [String: String?] = [
                "first": "whatsapp", "second": "email", "timezone": "Asia/Kolkata", "quiet_start": "21:30", "quiet_end": "09:15",
                "language": "hi", "stop_sms": "1", "marketing_email": nil,
            ]
            let reply = try await ada.form.post(path, ada.fields(changes))
            #expect(reply.status == 303 && reply.header("location") == path + "?saved=whatsapp", "\(reply.text)")
            #expect(try await ada.messages() == ["preferences_updated whatsapp"])
            let preferences = try await api.get("/api/crm/preferences/ada")
            #expect(try preferences.value("preferred_channels")?.elements.map { $0.string } == ["whatsapp", "email"])
            #expect(try preferences.string("timezone") == "Asia/Kolkata")
            #expect(try preferences.string("quiet_hours_start") == "21:30" && preferences.string("quiet_hours_end") == "09:15")
            #expect(try preferences.string("language_preference") == "hi")
            #expect(try preferences.value("opt_out_sms")?.bool == true && preferences.value("opt_out_email")?.bool == false)
            #expect(try await ada.state().marketing == [.sms, .whatsapp])
            let page = try await ada.api.get(path + "?saved=whatsapp")
            page.expectPage(200)
            #expect(page.text.contains("role=\"status\"") && page.text.contains("WhatsApp पर मिलेगी"))
            // The same again changes nothing and says nothing.
            let shown = ["shown_stops": "sms", "shown_marketing": "sms,whatsapp"] as [String: String?]
            let same = try await ada.form.post(path, ada.fields(changes.merging(shown) { $1 }))
            #expect(same.header("location") == path + "?saved=1")
            #expect(try await ada.messages().count == 1)
        }
    }

    @Test("each decision stands in the ledger with the words beside its box")
    func ledger() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let reply = try await ada.form.post(
                ada.path(ada.preferences), ada.fields(["stop_sms": "1", "marketing_email": nil, "quiet_end": "07:00"]))
            #expect(reply.status == 303)
            let history = try await api.get("/api/crm/consent/ada")
            let lines = try #require(try history.value("items")).elements.map { item in
                "\(item["decision"]?.string ?? "") \(item["purpose"]?.string ?? "") \(item["channel"]?.string ?? "") \(item["wording"]?.string ?? "")"
            }
            #expect(
                Set(lines) == [
                    "withdrawn all sms Stop everything – This also stops what you asked for, such as confirmations. – No SMS at all",
                    "withdrawn marketing email News and offers – You receive what is ticked. – By e-mail", "changed preferences  ",
                ])
            #expect(try history.string("items.0.wording_version") == "preference_centre/en/1")
        }
    }

    @Test("whoever stops everything gets no confirmation; what they allow again comes again")
    func stopAll() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            let all: [String: String?] = ["stop_email": "1", "stop_sms": "1", "stop_whatsapp": "1"]
            #expect(try await ada.form.post(path, ada.fields(all)).header("location") == path + "?saved=1")
            #expect(try await ada.messages() == [])
            #expect(try await ada.state().reachable == [])
            let back = try await ada.form.post(path, ada.fields(["shown_stops": "email,sms,whatsapp", "stop_sms": "1"]))
            #expect(back.header("location") == path + "?saved=email")
            #expect(try await ada.state().reachable == [.email, .whatsapp])
            #expect(try await ada.messages() == ["preferences_updated email"])
        }
    }

    @Test("mistakes are named at their field, in the client's language, and what was entered stays")
    func mistakes() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            for (field, value, phrase) in [
                ("timezone", "Mars/Base", Phrase.errorTimezone), ("timezone", "", .errorTimezone), ("timezone", "EST", .errorTimezone),
                ("quiet_start", "25:00", .errorQuietStart), ("quiet_end", "8", .errorQuietEnd), ("quiet_end", "", .errorQuietEnd),
                ("language", "tlh", .errorLanguage), ("first", "", .errorChannel), ("first", "fax", .errorChannel),
                ("second", "email", .errorChannelTwice),
            ] {
                let reply = try await ada.form.post(path, ada.fields([field: value, "stop_sms": "1", "third": "whatsapp"]))
                reply.expectPage(422)
                let words = Translation.best(of: ["en"]).text(phrase)
                #expect(reply.text.contains("<li><a href=\"#\(field)\">\(words)</a></li>"), "\(field)=\(value)")
                #expect(reply.text.contains("<p class=\"error\" id=\"\(field)-error\">\(words)</p>"))
                #expect(reply.text.contains("aria-describedby=\"\(field)-error\"") && reply.text.contains("role=\"alert\""))
                #expect(reply.text.contains("name=\"stop_sms\" value=\"1\" checked"))
                #expect(reply.text.contains("<option value=\"whatsapp\" selected>"))
            }
            #expect(try await ada.state().stopped == [])
            #expect(try await ada.messages() == [])
            let hostile = try await ada.form.post(path, ada.fields(["timezone": "\"><script>alert(1)</script>"]))
            #expect(hostile.status == 422 && hostile.text.ranges(of: "<script").count == 1)
            #expect(hostile.text.contains("&quot;&gt;&lt;script&gt;"))
        }
    }

    @Test("a form that was cut short changes nothing, wherever it was cut")
    func cutShort() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            #expect(try await ada.form.post(path, ada.fields(["stop_email": "1"])).status == 303)
            let before = try await ada.state()
            let whole = "first=sms&second=&third=&timezone=UTC&quiet_start=01:00&quiet_end=02:00&language=en&shown_stops=email"
            for end in stride(from: 0, through: whole.utf8.count, by: 7) {
                try await ada.form.post(path, String(whole.prefix(end))).expectPage(422)
            }
            #expect(try await ada.state() == before)
        }
    }

    @Test("a page that was open for long takes back nothing that was said elsewhere since", arguments: TestEngine.allCases)
    func stalePage(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await PublicVisitor(world, api)
            #expect(try await ada.form.post(ada.path(ada.unsubscribe(.sms)), "List-Unsubscribe=One-Click&scope=all").status == 200)
            #expect(try await ada.form.post(ada.path(ada.unsubscribe(.email)), "List-Unsubscribe=One-Click").status == 200)
            // The page had been loaded before: it showed nothing stopped and all of marketing.
            #expect(try await ada.form.post(ada.path(ada.preferences), ada.fields(["quiet_start": "20:00"])).status == 303)
            let state = try await ada.state()
            #expect(state.stopped == [.sms] && state.marketing == [.sms, .whatsapp])
            #expect(state.preferences.quietHoursStart.text == "20:00")
        }
    }

    @Test("only what there is an address for is offered, and the rest keeps its place")
    func offered() async throws {
        try await World.run { world, api in
            let bob = try await PublicVisitor(world, api, "bob", record: #"{"email":"bob@example.net"}"#)
            #expect(
                try await api.post("/api/crm/preferences", #"{"client_id":"bob","preferred_channels":["sms","email"]}"#).status == 200)
            let path = bob.path(bob.preferences)
            let page = try await bob.api.get(path).text
            #expect(page.contains("value=\"email\"") && !page.contains("value=\"sms\"") && !page.contains("stop_whatsapp"))
            #expect(!page.contains("id=\"second\""))
            #expect(try await bob.form.post(path, bob.fields(["timezone": "UTC", "quiet_end": "07:00"])).status == 303)
            let preferences = try await api.get("/api/crm/preferences/bob")
            #expect(try preferences.value("preferred_channels")?.elements.map { $0.string } == ["email", "sms"])
        }
    }

    @Test("confirmations are bounded: whoever saves again and again is not flooded")
    func bounded() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            for minute in 10..<20 {
                #expect(try await ada.form.post(ada.path(ada.preferences), ada.fields(["quiet_end": "08:\(minute)"])).status == 303)
            }
            #expect(try await ada.messages().count == PreferencesConfirmation.mostPerHour)
        }
    }

    @Test("the list of time zones holds what people look for, and all of it exists")
    func zones() {
        let zones = ZoneCatalog()
        #expect(ZoneCatalog.places.count > 300)
        for place in ZoneCatalog.places { #expect(zones.zone(named: place) != nil, "\(place)") }
        for place in ["Europe/Berlin", "Asia/Kolkata", "America/New_York", "Africa/Cairo", "America/Argentina/Buenos_Aires"] {
            #expect(ZoneCatalog.places.contains(place), "\(place)")
        }
    }
}

@Suite("The preference centre: topics and advertising")
struct PreferenceCentreConsentTests {
    @Test("topics are shown in the client's language, ticked unless refused, and can be refused one by one", arguments: TestEngine.allCases)
    func topics(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let topics =
                #"{"topics":[{"name":"garden","title":{"en":"Garden <b>","de":"Garten"}},{"name":"balcony","title":{"en":"Balcony"}}]}"#
            #expect(try await api.put("/api/crm/topics", topics).status == 200)
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            let page = try await ada.api.get(path)
            #expect(page.text.contains("name=\"topic_garden\" value=\"1\" checked") && page.text.contains("Garden &lt;b&gt;"))
            let saved = try await ada.form.post(path, ada.fields(["topic_garden": "1", "language": "de"]))
            #expect(saved.status == 303, "\(saved.text)")
            #expect(try await ada.state().preferences.topicsRefused == ["balcony"])
            let german = try await ada.api.get(path).text
            #expect(german.contains("Garten") && german.contains("Nichts über: Balcony."))
            let back = try await ada.form.post(
                path, ada.fields(["topic_balcony": "1", "shown_refusals": "balcony", "language": "de"]))
            #expect(back.status == 303)
            #expect(try await ada.state().preferences.topicsRefused == ["garden"])
        }
    }

    @Test("where advertising needs a confirmation, ticking a box asks for it and allows nothing yet")
    func doubleOptIn() async throws {
        try await World.run { world, api in
            #expect(try await api.put("/api/crm/business", #"{"name":"Here","marketing_consent":"double_opt_in"}"#).status == 200)
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            let page = try await ada.api.get(path).text
            #expect(page.contains("name=\"marketing_email\" value=\"1\">") && page.contains("confirmed it by the link"))
            let none: [String: String?] = ["shown_marketing": "", "marketing_sms": nil, "marketing_whatsapp": nil]
            for _ in 0..<2 { #expect(try await ada.form.post(path, ada.fields(none)).status == 303) }
            #expect(try await ada.messages() == ["opt_in_request email"])
            #expect(try await ada.state().marketing == [])
        }
    }

    @Test("a grant that the business needs can be given and taken back", arguments: TestEngine.allCases)
    func optIn(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            #expect(try await api.put("/api/crm/business", #"{"name":"Here","marketing_consent":"opt_in"}"#).status == 200)
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            let none: [String: String?] = ["shown_marketing": "", "marketing_sms": nil, "marketing_whatsapp": nil]
            #expect(try await ada.state().marketing == [])
            #expect(try await ada.form.post(path, ada.fields(none)).status == 303)
            #expect(try await ada.state().marketing == [.email])
            #expect(try await ada.form.post(ada.path(ada.unsubscribe()), "List-Unsubscribe=One-Click").status == 200)
            #expect(try await ada.state().marketing == [])
            #expect(try await ada.form.post(path, ada.fields(none)).status == 303)
            #expect(try await ada.state().marketing == [.email])
        }
    }
}
