import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Endpoints for events over HTTP")
struct WebhookEndpointTests {
    private static let path = "/api/crm/webhook-endpoints"

    @Test(
        "an endpoint is made, read, changed and deleted; its key is shown when it is made and when asked for",
        arguments: TestEngine.allCases)
    func life(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let made = try await api.post(
                Self.path, #"{"url":"https://example.org/in?a=1","description":"d","event_types":["client.replied"]}"#)
            #expect(made.status == 201, "\(made.text)")
            let id = try #require(try made.string("endpoint_id"))
            let secret = try #require(try made.string("secret"))
            #expect(secret.hasPrefix("whsec_"))
            #expect(try made.string("status") == "enabled")
            let read = try await api.get("\(Self.path)/\(id)")
            #expect(try read.value("secret") == nil)
            #expect(try read.string("url") == "https://example.org/in?a=1" && read.string("event_types.0") == "client.replied")
            #expect(try await api.get("\(Self.path)/\(id)/secret").string("secret") == secret)
            let changed = try await api.put("\(Self.path)/\(id)", #"{"url":"https://example.org/other"}"#)
            #expect(changed.status == 200, "\(changed.text)")
            #expect(try changed.string("description") == "" && changed.value("event_types")?.rawBytes.elementsEqual("[]".utf8) == true)
            #expect(try await api.get(Self.path).string("items.0.url") == "https://example.org/other")
            #expect(try await api.get("\(Self.path)/\(id)/secret").string("secret") == secret)
            #expect(try await api.delete("\(Self.path)/\(id)").status == 204)
            try await api.get("\(Self.path)/\(id)").expectProblem(404, "not-found")
        }
    }

    @Test("the key is sealed in the store, also a replaced one", arguments: TestEngine.allCases)
    func sealed(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let own = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
            let made = try await api.post(Self.path, #"{"url":"https://example.org/in","secret":"\#(own)"}"#)
            #expect(try made.string("secret") == own)
            let id = try #require(try made.string("endpoint_id"))
            let rotated = try await api.post("\(Self.path)/\(id)/rotate-secret", "")
            let fresh = try #require(try rotated.string("secret"))
            #expect(rotated.status == 200 && fresh != own)
            #expect(try rotated.string("previous_secret_until") == world.clock.now.adding(seconds: 86_400).rfc3339)
            #expect(try await api.get("\(Self.path)/\(id)/secret").string("secret") == fresh)
            let business = world.here.id
            let stored = try #require(
                try await world.database.read { tx in try UUIDv7(id).flatMap { try tx.webhookEndpoint($0, business: business) } })
            let previous = try #require(stored.previousSecret)
            for value in [stored.secret, previous] {
                #expect(!String(decoding: value.bytes, as: UTF8.self).contains("MfKQ"))
            }
            let opened = try world.cipher.openBytes(previous, .webhookSecret(business, stored.id))
            #expect(opened.count == 24)
        }
    }

    @Test(
        "addresses that must not be called are refused",
        arguments: [
            "http://example.org/in", "https://127.0.0.1/", "https://10.1.2.3/x", "https://169.254.169.254/latest", "https://[::1]/",
            "https://[fd00::1]/", "https://2130706433/", "https://0x7f.1/", "https://user:pw@example.org/", "ftp://example.org/",
            "example.org",
            "https://localhost/", "https://LOCALHOST:8443/", "https://metadata.google.internal/", "https://printer.local/",
            "https://intranet/", "https://db.corp/",
            "https://", "https://exa mple.org/", "https://example.org:99999/", "file:///etc/passwd", "",
        ])
    func addresses(url: String) async throws {
        try await World.run { _, api in
            let reply = try await api.post(Self.path, #"{"url":"\#(url)"}"#)
            try reply.expectProblem(422, "validation")
            #expect(try reply.fields == ["url"])
        }
    }

    @Test("an operator may allow private networks")
    func privateNetworks() throws {
        let fields = WebhookEndpointFields(allowsPrivateNetworks: true)
        #expect(fields.problem(with: "http://127.0.0.1:8080/in") == nil)
        #expect(fields.problem(with: "http://localhost:8080/in") == nil)
        #expect(fields.problem(with: "http://user@127.0.0.1:8080/in") != nil)
    }

    @Test("every field that does not fit is named")
    func refusals() async throws {
        try await World.run { _, api in
            for (body, fields) in [
                (#"{}"#, ["url"]), (#"{"url":"https://example.org","event_types":["x"]}"#, ["event_types[0]"]),
                (#"{"url":"https://example.org","event_types":["client.replied","client.replied"]}"#, ["event_types[1]"]),
                (#"{"url":"https://example.org","secret":"whsec_c2hvcnQ="}"#, ["secret"]),
                (#"{"url":"https://example.org","secret":"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}"#, ["secret"]),
                (#"{"url":"https://example.org","description":"a\nb","status":"x"}"#, ["description", "status"]),
            ] {
                let reply = try await api.post(Self.path, body)
                try reply.expectProblem(422, "validation")
                #expect(try reply.fields == fields, "\(reply.text)")
            }
            let made = try await api.post(Self.path, #"{"url":"https://example.org"}"#)
            let id = try #require(try made.string("endpoint_id"))
            let replay = try await api.post(
                "\(Self.path)/\(id)/replay", #"{"since":"2026-05-02T00:00:00Z","until":"2026-05-01T00:00:00Z"}"#)
            #expect(try replay.fields == ["until"])
            #expect(try await api.get("\(Self.path)/\(id)/deliveries?status=lost").fields == ["status"])
            #expect(try await api.get("\(Self.path)/\(id)/deliveries?cursor=bm8").fields == ["cursor"])
        }
    }

    @Test("a test event, deliveries page by page, a retry and a replay", arguments: TestEngine.allCases)
    func deliveries(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let made = try await api.post(Self.path, #"{"url":"https://example.org"}"#)
            let id = try #require(try made.string("endpoint_id"))
            let tested = try await api.post("\(Self.path)/\(id)/test", "")
            #expect(tested.status == 202, "\(tested.text)")
            #expect(try tested.string("event_type") == "webhook.test" && tested.string("status") == "waiting")
            let business = world.here.id
            for name in ["a", "b", "c"] {
                try await world.database.write { tx in
                    try tx.emit(
                        .init(type: .clientReplied, clientID: ClientID(name), communication: nil, at: tx.now), business: business)
                    _ = try tx.distributeEvents(limit: 10)
                }
            }
            let first = try await api.get("\(Self.path)/\(id)/deliveries?limit=3")
            #expect(try Array(#require(first.json["items"]).elements).map { $0["client_id"]?.string } == ["c", "b", "a"])
            let cursor = try #require(try first.string("next_cursor"))
            let second = try await api.get("\(Self.path)/\(id)/deliveries?limit=3&cursor=\(cursor)")
            #expect(try second.string("items.0.event_id") == tested.string("event_id"))
            #expect(try second.value("next_cursor")?.isNull == true)
            let event = try #require(try first.string("items.1.event_id"))
            let retried = try await api.post("\(Self.path)/\(id)/deliveries/\(event)/retry", "")
            #expect(try retried.status == 202 && retried.string("event_id") == event)
            world.clock.advance(seconds: 1)
            let replay = try await api.post("\(Self.path)/\(id)/replay", #"{"since":"2026-01-01T00:00:00Z"}"#)
            #expect(try replay.status == 202 && replay.value("replayed")?.int64 == 3, "\(replay.text)")
            #expect(try await api.get("\(Self.path)/\(id)/deliveries?status=failed").value("items.0") == nil)

            let off = try await api.post("\(Self.path)/\(id)/disable", "")
            #expect(try off.string("status") == "disabled" && off.string("disabled_reason") == "switched off by hand")
            try await api.post("\(Self.path)/\(id)/test", "").expectProblem(409, "conflict")
            #expect(try await api.post("\(Self.path)/\(id)/enable", "").string("status") == "enabled")
        }
    }

    @Test("another business's endpoint is not there, whatever is asked of it", arguments: TestEngine.allCases)
    func walls(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let made = try await api.post(Self.path, #"{"url":"https://example.org"}"#)
            let id = try #require(try made.string("endpoint_id"))
            let event = try #require(try await api.post("\(Self.path)/\(id)/test", "").string("event_id"))
            let stranger = api.with(key: world.elsewhere.key)
            #expect(try await stranger.get(Self.path).value("items.0") == nil)
            for path in ["", "/secret", "/deliveries"] {
                try await stranger.get("\(Self.path)/\(id)\(path)").expectProblem(404, "not-found")
            }
            for path in ["/rotate-secret", "/test", "/enable", "/disable", "/deliveries/\(event)/retry"] {
                try await stranger.post("\(Self.path)/\(id)\(path)", "").expectProblem(404, "not-found")
            }
            try await stranger.post("\(Self.path)/\(id)/replay", #"{"since":"2026-01-01T00:00:00Z"}"#).expectProblem(404, "not-found")
            try await stranger.put("\(Self.path)/\(id)", #"{"url":"https://example.org"}"#).expectProblem(404, "not-found")
            try await stranger.delete("\(Self.path)/\(id)").expectProblem(404, "not-found")
            #expect(try await api.get("\(Self.path)/\(id)").string("status") == "enabled")
            try await api.with(key: nil).get(Self.path).expectProblem(401, "unauthorized")
        }
    }

    @Test("a business has a bounded number of endpoints, listed newest first and page by page")
    func limit() async throws {
        try await World.run { world, api in
            var ids: [String] = []
            for _ in 0..<WebhookEndpointsAPI.limit {
                world.clock.advance(milliseconds: 1)
                ids.append(try #require(try await api.post(Self.path, #"{"url":"https://example.org"}"#).string("endpoint_id")))
            }
            try await api.post(Self.path, #"{"url":"https://example.org"}"#).expectProblem(409, "conflict")
            let first = try await api.get(Self.path + "?limit=30")
            let cursor = try #require(try first.string("next_cursor"))
            let second = try await api.get(Self.path + "?limit=30&cursor=\(cursor)")
            let listed = try [first, second].flatMap {
                try Array(#require($0.json["items"]).elements).compactMap { $0["endpoint_id"]?.string }
            }
            #expect(listed == ids.reversed())
        }
    }
}
