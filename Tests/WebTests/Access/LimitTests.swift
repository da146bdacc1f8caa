import Core
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Providers
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Limits")
struct LimitTests {
    @Test("a rate gives all of it at once, then what time brings back, and never more")
    func bucket() {
        let buckets = TokenBuckets<Int>(RequestRate(requests: 10, seconds: 60))
        let start = Timestamp(milliseconds: 1_000_000)
        for left in (0..<10).reversed() {
            let outcome = buckets.take(1, at: start)
            #expect(outcome.isAllowed && outcome.left == left)
        }
        let refused = buckets.take(1, at: start)
        #expect(!refused.isAllowed && refused.seconds == 6 && refused.left == 0)
        #expect(!buckets.take(1, at: start.adding(milliseconds: 5_999)).isAllowed)
        #expect(buckets.take(1, at: start.adding(milliseconds: 6_000)).isAllowed)
        #expect(!buckets.take(1, at: start.adding(milliseconds: 6_000)).isAllowed)
        // Another one has a rate of their own; a clock that was set back gives nothing.
        #expect(buckets.take(2, at: start).left == 9)
        #expect(!buckets.take(1, at: start.adding(seconds: -3_600)).isAllowed)
        #expect(buckets.take(1, at: start.adding(seconds: 86_400)).left == 9)
    }

    @Test("memory is bounded, however many callers come")
    func memory() {
        let buckets = TokenBuckets<Int>(RequestRate(requests: 5, seconds: 1), most: 100)
        let start = Timestamp(milliseconds: 0)
        for caller in 0..<10_000 { _ = buckets.take(caller, at: start.adding(milliseconds: Int64(caller) / 50)) }
        #expect(buckets.count <= 100)
    }

    @Test(
        "IPv6 counts by the customer's /64, IPv4 by the address, in whatever form a socket says it",
        arguments: [
            ("2001:db8::1", "2001:db8::ffff:0:0:1", true), ("2001:db8::1", "2001:db8:0:1::1", false), ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true), ("fe80::1%eth0", "fe80::2", true), ("0.0.0.1", "::1", false),
        ])
    func blocks(a: String, b: String, isSame: Bool) throws {
        #expect(try (#require(AddressBlock(a)) == #require(AddressBlock(b))) == isSame)
    }

    @Test("a key with a limit is told what is left, then 429 with the time to wait; another key is not concerned")
    func perKey() async throws {
        try await World.run(prepare: { $0.rates.perCredential = RequestRate(requests: 2, seconds: 60) }) { world, api in
            let first = try await api.get("/api/crm/business")
            #expect(first.status == 200)
            #expect(first.header("ratelimit-policy") == #""credential";q=2;w=60"#)
            #expect(first.header("ratelimit") == #""credential";r=1;t=30"#)
            #expect(try await api.get("/api/crm/business").header("ratelimit") == #""credential";r=0;t=60"#)
            let refused = try await api.get("/api/crm/business")
            try refused.expectProblem(429, "rate-limited")
            #expect(refused.header("retry-after") == "30" && refused.header("ratelimit") == #""credential";r=0;t=30"#)
            #expect(try await api.with(key: world.elsewhere.key).get("/api/crm/business").status == 200)
            world.clock.advance(seconds: 30)
            #expect(try await api.get("/api/crm/business").status == 200)
        }
    }

    @Test("without the setting keys have no limit, and nothing is said of one")
    func unlimited() async throws {
        try await World.run { _, api in
            for _ in 0..<700 {
                let reply = try await api.get("/api/crm/business")
                #expect(reply.status == 200 && reply.header("ratelimit") == nil)
            }
        }
    }
}

/// With sockets, since only those have addresses.
@Suite("Limits by address")
struct AddressLimitTests {
    private static func run(
        _ prepare: @escaping @Sendable (inout WebParts) -> Void, _ body: @escaping @Sendable (World, API) async throws -> Void
    ) async throws {
        try await World.run(sockets: true, prepare: prepare, body)
    }

    @Test("strangers have a limit for each address; health checks and signed webhooks have none")
    func strangers() async throws {
        try await Self.run {
            $0.rates.perStranger = RequestRate(requests: 3, seconds: 60)
        } _: { world, api in
            for left in [2, 1, 0] {
                #expect(try await api.get("/").header("ratelimit")?.contains("r=\(left);") == true)
            }
            try await api.get("/").expectProblem(429, "rate-limited")
            try await api.get("/openapi.json").expectProblem(429, "rate-limited")
            for path in ["/healthz", "/readyz", "/metrics", "/assets/pages.css"] { #expect(try await api.get(path).status == 200) }
            #expect(try await api.post("/api/crm/webhooks/whatsapp", "{}").status != 429)
            #expect(try await api.get("/api/crm/business").status == 200)
            world.clock.advance(seconds: 20)
            #expect(try await api.get("/").status == 200)
        }
    }

    @Test("after too many wrong keys from an address none is looked at, while keys in use go on working")
    func guessing() async throws {
        try await Self.run {
            $0.rates.failures = RequestRate(requests: 5, seconds: 60)
        } _: { world, api in
            #expect(try await api.get("/api/crm/business").status == 200)
            for attempt in 0..<5 { #expect(try await api.with(key: "guess-\(attempt)").get("/api/crm/business").status == 401) }
            let refused = try await api.with(key: "guess-6").get("/api/crm/business")
            try refused.expectProblem(429, "rate-limited")
            #expect(refused.header("retry-after") == "12")
            // Right, but not known yet: it might be a guess that hits.
            #expect(try await api.with(key: world.elsewhere.key).get("/api/crm/business").status == 429)
            #expect(try await api.get("/api/crm/business").status == 200)
            #expect(try await api.with(key: nil).get("/api/crm/business").status == 401)
            world.clock.advance(seconds: 12)
            #expect(try await api.with(key: world.elsewhere.key).get("/api/crm/business").status == 200)
        }
    }

    @Test("behind a trusted proxy each caller has their own limit; nobody else can claim to be somebody")
    func forwarded() async throws {
        let rates: @Sendable (inout WebParts) -> Void = { $0.rates.perStranger = RequestRate(requests: 1, seconds: 60) }
        try await Self.run {
            rates(&$0)
            $0.proxies = TrustedProxies("127.0.0.0/8,::1") ?? .none
        } _: { _, api in
            let first = try await api.with("X-Forwarded-For", "203.0.113.7").get("/")
            #expect(first.status == 200)
            #expect(try await api.with("X-Forwarded-For", "203.0.113.7").get("/").status == 429)
            #expect(try await api.with("X-Forwarded-For", "198.51.100.9, 203.0.113.7").get("/").status == 429)
            #expect(try await api.with("X-Forwarded-For", "203.0.113.8").get("/").status == 200)
        }
        try await Self.run(rates) { _, api in
            let first = try await api.with("X-Forwarded-For", "203.0.113.7").get("/")
            #expect(first.status == 200)
            #expect(try await api.with("X-Forwarded-For", "203.0.113.8").get("/").status == 429)
        }
    }
}
