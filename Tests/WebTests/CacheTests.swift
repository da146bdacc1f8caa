import Core
import Logging
import NIOCore
import NIOPosix
import RESP
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Caching", .timeLimit(.minutes(5)))
struct CacheTests {
    private static let path = "/api/crm/preferences/client-123"

    @Test(
        "whatever changes preferences is seen by the next read, with every cache and without", arguments: TestEngine.allCases,
        World.CacheKind.allCases)
    func freshness(_ engine: TestEngine, _ cache: World.CacheKind) async throws {
        try await World.run(engine, cache: cache) { world, api in
            func read() async throws -> (timezone: String?, language: String?, optedOut: Bool?) {
                // Twice: the second one may come from the cache, and must say the same.
                let (first, second) = (try await api.get(Self.path), try await api.get(Self.path))
                #expect(first.bytes == second.bytes)
                return (try first.string("timezone"), try first.string("language_preference"), try first.value("opt_out_sms")?.bool)
            }
            #expect(try await read() == ("UTC", "en", false))
            _ = try await api.put("/api/crm/business", #"{"timezone":"Europe/Berlin","default_language":"de"}"#)
            #expect(try await read() == ("Europe/Berlin", "de", false))
            _ = try await api.put("/api/crm/clients/client-123", #"{"timezone":"Asia/Tokyo"}"#)
            #expect(try await read() == ("Asia/Tokyo", "de", false))
            let submitted = try await api.post(
                "/api/crm/communications",
                #"{"client_id":"client-123","message_type":"reminder","recipient":{"email":"a@example.org","timezone":"Asia/Dubai","language":"ar"}}"#
            )
            #expect(submitted.status == 202, "\(submitted.text)")
            #expect(try await read() == ("Asia/Dubai", "ar", false))
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"client-123","timezone":"America/Lima","opt_out_sms":true}"#)
            #expect(try await read() == ("America/Lima", "ar", true))
            _ = try await api.delete(Self.path)
            #expect(try await read() == ("Asia/Dubai", "ar", false))
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"client-123","opt_out_sms":true}"#)
            #expect(try await api.delete("/api/crm/clients/client-123").status == 204)
            #expect(try await read() == ("Europe/Berlin", "de", false))
        }
    }

    @Test(
        "each business has its own copies, also of a client with the same name, and names that look alike",
        arguments: World.CacheKind.allCases)
    func walls(_ cache: World.CacheKind) async throws {
        try await World.run(cache: cache) { world, api in
            let other = api.with(key: world.elsewhere.key)
            let lookalike = "\(world.elsewhere.id):client-123"
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"client-123","timezone":"Asia/Tokyo"}"#)
            _ = try await other.post("/api/crm/preferences", #"{"client_id":"client-123","timezone":"Asia/Dubai"}"#)
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"\#(lookalike)","timezone":"America/Lima"}"#)
            for _ in 0..<2 {
                #expect(try await api.get(Self.path).string("timezone") == "Asia/Tokyo")
                #expect(try await other.get(Self.path).string("timezone") == "Asia/Dubai")
                #expect(try await api.get("/api/crm/preferences/\(lookalike)").string("timezone") == "America/Lima")
                #expect(try await other.get("/api/crm/preferences/\(lookalike)").string("timezone") == "UTC")
            }
        }
    }

    @Test("the copy in Redis has the name and the end of the specification, and holds no address")
    func copy() async throws {
        try await World.run(cache: .redis) { world, api in
            _ = try await api.put(
                "/api/crm/clients/client-123", #"{"name":"Ada","email":"ada@example.org","phone_number":"+14155550100","language":"fr"}"#)
            let answer = try await api.get(Self.path)
            let cache = try #require(world.parts.cache)
            let copy = String(decoding: try #require(await cache.get("crm:prefs:client-123")), as: UTF8.self)
            #expect(
                copy.hasPrefix(
                    #"{"business_id":"\#(world.here.id)","business_timezone":"UTC","business_language":"en","#
                        + #""business_marketing_consent":"opt_out","client_id":"client-123","#))
            #expect(copy.hasSuffix(answer.text.dropFirst()))
            #expect(throws: Never.self) { try JSONDocument(parsing: Array(copy.utf8)) }
            #expect(!copy.contains("ada@") && !copy.contains("4155550100") && !copy.contains("Ada"))
        }
    }

    @Test(
        "what somebody else left under the name is not shown",
        arguments: [
            "", "{", "[]", #"{"client_id":"client-123","timezone":"Evil/Place"}"#,
            #"{"business_id":"$ELSEWHERE","business_timezone":"UTC","business_language":"en","client_id":"client-123","timezone":"Evil/Place"}"#,
            #"{"business_id":"$HERE","business_timezone":"UTC","business_language":"en","client_id":"client-1234","timezone":"Evil/Place"}"#,
        ])
    func foreignCopies(_ text: String) async throws {
        try await World.run { world, api in
            let cache = try #require(world.parts.cache)
            let planted = text.replacing("$HERE", with: "\(world.here.id)").replacing("$ELSEWHERE", with: "\(world.elsewhere.id)")
            await cache.set("crm:prefs:client-123", Array(planted.utf8), seconds: nil)
            let first = try await api.get(Self.path)
            #expect(try first.string("timezone") == "UTC")
            let hits = cache.counts.hits
            #expect(try await api.get(Self.path).bytes == first.bytes)
            #expect(cache.counts.hits == hits + 1)
        }
    }

    @Test("readers who race with writers never bring an old copy back", arguments: [World.CacheKind.inProcess, .redis])
    func race(_ cache: World.CacheKind) async throws {
        try await World.run(cache: cache) { world, api in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { for _ in 0..<50 { _ = try await api.get(Self.path) } }
                }
                group.addTask {
                    for round in 0..<50 {
                        let hour = round % 24 < 10 ? "0\(round % 24)" : "\(round % 24)"
                        _ = try await api.post("/api/crm/preferences", #"{"client_id":"client-123","quiet_hours_start":"\#(hour):30"}"#)
                        let read = try await api.get(Self.path)
                        #expect(try read.string("quiet_hours_start") == "\(hour):30")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("statistics count what was asked", arguments: World.CacheKind.allCases)
    func statistics(_ kind: World.CacheKind) async throws {
        try await World.run(cache: kind) { _, api in
            for _ in 0..<4 { _ = try await api.get(Self.path) }
            let reply = try await api.get("/api/crm/cache/stats")
            #expect(try await api.get("/api/crm/cache/stats?verbose=1").fields == ["verbose"])
            #expect(reply.status == 200)
            #expect(try reply.value("enabled")?.bool == true)
            #expect(try reply.value("healthy")?.bool == true)
            #expect(try reply.string("backend") == [.none: "none", .inProcess: "in-process", .redis: "redis"][kind])
            let isCached = kind != .none
            #expect(try reply.value("local_hits")?.int64 == (isCached ? 3 : 0))
            #expect(try reply.value("local_misses")?.int64 == (isCached ? 1 : 0))
            #expect(try reply.value("local_hit_rate")?.double == (isCached ? 75 : 0))
            #expect(try reply.value("total_keys")?.int64 == (isCached ? 1 : nil))
            #expect(try reply.value("connection_pool.max_connections")?.int64 == (kind == .redis ? 10 : nil))
            // The lease is looked at too.
            #expect(try reply.value("redis.keyspace_hits")?.int64 == (kind == .redis ? 4 : nil))
            #expect(try await api.with(key: nil).get("/api/crm/cache/stats").status == 401)
        }
    }

    @Test("a frozen Redis in the middle of it all: the same answers, and no opt-out is hidden once it is back")
    func frozen() async throws {
        try await TestDatabase.with(.sqlite) { store in
            try await RedisServer.with { server in
                var configuration = try RedisConfiguration(url: server.url)
                configuration.maxReconnectDelay = .milliseconds(10)
                let cache = RedisCache(
                    configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next(), logger: .init(label: "test"),
                    pause: { _ in await Task.yield() })
                try await World.serve(store, cache: cache) { _, api in
                    #expect(try await api.get(Self.path).value("opt_out_email")?.bool == false)
                    server.freeze()
                    let update = try await api.post("/api/crm/preferences", #"{"client_id":"client-123","opt_out_email":true}"#)
                    #expect(update.status == 200)
                    #expect(try await api.get(Self.path).value("opt_out_email")?.bool == true)
                    #expect(try await api.get("/api/crm/cache/stats").value("healthy")?.bool == false)
                    server.thaw()
                    while await cache.health() != nil { await Task.yield() }
                    #expect(try await api.get(Self.path).value("opt_out_email")?.bool == true)
                    #expect(try await api.get("/api/crm/cache/stats").value("healthy")?.bool == true)
                }
                await cache.shutdown()
            }
        }
    }
}
