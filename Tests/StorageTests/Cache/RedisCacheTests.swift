import Core
import Logging
import NIOCore
import NIOPosix
import RESP
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite("the cache in Redis, when Redis does not do what it should", .timeLimit(.minutes(5)))
struct RedisCacheTests {
    /// Asks until the cache answers again; the probe decides when.
    private func untilBack(_ cache: RedisCache) async {
        while await cache.health() != nil { await Task.yield() }
    }

    // With a longer patience than the product's, so that a busy machine is not taken for a frozen server.
    @Test("a frozen server costs everyone together one patience, then nothing, until it answers again")
    func frozen() async throws {
        try await RedisServer.with { server in
            let probing = Latch()
            try await TestCache.withRedis(server, patience: .seconds(2), pause: { _ in await probing.wait() }) { cache in
                await cache.set("k", [1], seconds: 60)
                server.freeze()
                let clock = ContinuousClock()
                let first = await clock.measure {
                    await withTaskGroup(of: Void.self) { group in
                        for _ in 0..<100 { group.addTask { _ = await cache.get("k") } }
                    }
                }
                #expect(first >= .milliseconds(1_900))
                let errors = cache.counts.errors
                #expect((1...100).contains(errors))
                await #expect(cache.health() != nil)
                // Left alone: no question goes out any more, so none can go wrong.
                for _ in 0..<1000 {
                    await #expect(cache.get("k") == nil)
                    await #expect(cache.increment("c", by: 1, seconds: 60) == nil)
                    await #expect(cache.read(counter: "c") == nil)
                }
                #expect(cache.counts.errors == errors)
                server.thaw()
                probing.open()
                await untilBack(cache)
                await #expect(cache.get("k") == [1])
            }
        }
    }

    @Test("a server that accepts and never answers is left alone after one patience")
    func neverAnswers() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let silent = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(silent.localAddress?.port)
        let asked = Mutex(0)
        // The pause after the first probe is not waited for: it ends when the cache is shut down.
        let cache = RedisCache(
            configuration: RedisConfiguration(host: "127.0.0.1", port: port), eventLoop: group.next(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onError: { _ in asked.withLock { $0 += 1 } },
            pause: { _ in try await Task.sleep(for: .seconds(3600)) })
        #expect(RedisCache.patience == .milliseconds(100))
        await #expect(cache.get("k") == nil)
        #expect(asked.withLock(\.self) == 1)
        for _ in 0..<1000 { await #expect(cache.get("k") == nil) }
        #expect(asked.withLock(\.self) == 1)
        await cache.shutdown()
        try await silent.close()
    }

    @Test("a deletion that could not be delivered is delivered before the first entry is read again")
    func owedDeletion() async throws {
        try await RedisServer.with { server in
            let probing = Latch()
            try await TestCache.withRedis(server, patience: .seconds(2), pause: { _ in await probing.wait() }) { cache in
                await cache.set("crm:prefs:a", [1], seconds: 60)
                await cache.set("crm:prefs:b", [1], seconds: 60)
                await cache.set("crm:prefs:c", [1], seconds: 60)
                guard case .miss(let lease?) = await cache.lookUp("crm:prefs:d") else { return }
                server.freeze()
                // The first one finds out, the others are owed from the start.
                await cache.delete(["crm:prefs:a"])
                await cache.delete(["crm:prefs:b", "crm:prefs:d"])
                server.thaw()
                probing.open()
                await untilBack(cache)
                await cache.fill("crm:prefs:d", [1], seconds: 60, lease: lease)
                await #expect(cache.get("crm:prefs:a") == nil)
                await #expect(cache.get("crm:prefs:b") == nil)
                await #expect(cache.get("crm:prefs:d") == nil)
                await #expect(cache.get("crm:prefs:c") == [1])
            }
        }
    }

    @Test("a server that refuses deletions is not read from")
    func readOnly() async throws {
        try await RedisServer.with { server in
            try await TestCache.withRedis(server) { cache in
                await cache.set("crm:prefs:a", [1], seconds: 60)
                let operatorClient = RedisClient(
                    configuration: try RedisConfiguration(url: server.url), eventLoop: MultiThreadedEventLoopGroup.singleton.next())
                _ = try await operatorClient.send(["REPLICAOF", "127.0.0.1", "1"])
                await cache.delete(["crm:prefs:a"])
                await #expect(cache.get("crm:prefs:a") == nil)
                await #expect(cache.health() == "the server refused the command (READONLY)")
                _ = try await operatorClient.send(["REPLICAOF", "NO", "ONE"])
                await untilBack(cache)
                await #expect(cache.get("crm:prefs:a") == nil)
                await cache.set("crm:prefs:a", [2], seconds: 60)
                await #expect(cache.get("crm:prefs:a") == [2])
                await operatorClient.shutdown()
            }
        }
    }

    @Test("a killed server, an empty one in its place, and a flush in the middle change nothing but speed")
    func killedAndFlushed() async throws {
        try await RedisServer.with { server in
            try await TestCache.withRedis(server) { cache in
                await cache.set("k", [1], seconds: 60)
                await server.kill()
                await #expect(cache.get("k") == nil)
                await cache.set("k", [2], seconds: 60)
                await cache.delete(["k"])
                await #expect(cache.health() != nil)
                await #expect(cache.statistics.keys == nil)
                try await server.launch()
                await untilBack(cache)
                await #expect(cache.get("k") == nil)
                guard case .miss(let lease?) = await cache.lookUp("k") else {
                    Issue.record("no lease")
                    return
                }
                let other = RedisClient(
                    configuration: try RedisConfiguration(url: server.url), eventLoop: MultiThreadedEventLoopGroup.singleton.next())
                _ = try await other.send(["FLUSHALL"])
                // The lease is gone, so a deletion that the flush swallowed can not be undone by it.
                await cache.fill("k", [3], seconds: 60, lease: lease)
                await #expect(cache.get("k") == nil)
                await cache.set("k", [4], seconds: 60)
                await #expect(cache.get("k") == [4])
                await #expect(cache.increment("c", by: 1, seconds: 60) == 1)
                _ = try await other.send(["FLUSHALL"])
                await #expect(cache.increment("c", by: 1, seconds: 60) == 1)
                await other.shutdown()
            }
        }
    }

    /// Seconds may have passed since.
    private static func isAbout(_ seconds: Int64, _ found: Int64?) -> Bool {
        guard let found else { return false }
        return found <= seconds && found > seconds - 9
    }

    @Test("entries, leases and counters carry the names and the ends of the specification")
    func namesAndEnds() async throws {
        try await RedisServer.with { server in
            try await TestCache.withRedis(server) { cache in
                let redis = RedisClient(
                    configuration: try RedisConfiguration(url: server.url), eventLoop: MultiThreadedEventLoopGroup.singleton.next())
                let keys = CacheKeys(firstBusiness: BusinessID(high: 1, low: 1))
                let client = try #require(ClientID("client-123"))
                let key = keys.preferences(of: client, business: BusinessID(high: 1, low: 1))
                #expect(key == "crm:prefs:client-123")
                guard case .miss(let lease?) = await cache.lookUp(key) else { return }
                try await #expect(Self.isAbout(10, redis.number(["TTL", "crm:lease:crm:prefs:client-123"])))
                await cache.fill(key, [1], seconds: 3600, lease: lease)
                #expect(try await redis.number(["EXISTS", "crm:lease:crm:prefs:client-123"]) == 0)
                try await #expect(Self.isAbout(3600, redis.number(["TTL", "crm:prefs:client-123"])))
                guard case .miss(let lease?) = await cache.lookUp("crm:template:email:welcome") else { return }
                await cache.fill("crm:template:email:welcome", [1], seconds: nil, lease: lease)
                #expect(try await redis.number(["TTL", "crm:template:email:welcome"]) == -1)

                let counter = CacheKeys.rateLimit(api: "whatsapp", window: "86400")
                #expect(counter == "crm:ratelimit:whatsapp:86400")
                _ = await cache.increment(counter, by: 1, seconds: 50)
                _ = await cache.increment(counter, by: 1, seconds: 500)
                try await #expect(Self.isAbout(50, redis.number(["TTL", "crm:ratelimit:whatsapp:86400"])))
                #expect(try await redis.number(["INCR", "crm:ratelimit:whatsapp:86400"]) == 3)
                await #expect(cache.read(counter: counter) == 3)
                // Made by another program, without an end.
                _ = try await redis.send(["SET", "crm:ratelimit:sms:1", "5"])
                await #expect(cache.increment("crm:ratelimit:sms:1", by: 1, seconds: 50) == 6)
                try await #expect(Self.isAbout(50, redis.number(["TTL", "crm:ratelimit:sms:1"])))
                await redis.shutdown()
            }
        }
    }

    @Test("what another program left under a name is no answer and no harm")
    func foreignValues() async throws {
        try await RedisServer.with { server in
            try await TestCache.withRedis(server) { cache in
                let redis = RedisClient(
                    configuration: try RedisConfiguration(url: server.url), eventLoop: MultiThreadedEventLoopGroup.singleton.next())
                _ = try await redis.send(["HSET", "k", "a", "b"])
                _ = try await redis.send(["SET", "c", "many"])
                await #expect(cache.get("k") == nil)
                await #expect(cache.increment("k", by: 1, seconds: 1) == nil)
                await #expect(cache.increment("c", by: 1, seconds: 1) == nil)
                await #expect(cache.read(counter: "c") == nil)
                await #expect(cache.health() == nil)
                #expect(cache.counts.errors == 3)
                await redis.shutdown()
            }
        }
    }
}

@Suite("what the cache owes", .timeLimit(.minutes(5)))
struct CacheAvailabilityTests {
    @Test("a key that is deleted again while its deletion is delivered is owed once more")
    func deletedAgain() throws {
        var availability = CacheAvailability()
        _ = availability.willDelete(["a", "b"])
        let isNews = availability.left("gone")
        #expect(isNews)
        let isNewsAgain = availability.left("still gone")
        #expect(!isNewsAgain)
        let debt = try #require(availability.debt)
        _ = availability.willDelete(["a"])
        availability.paid(debt)
        #expect(availability.debt?.keys == ["a"])
        let isBackTooEarly = availability.cameBack()
        #expect(!isBackTooEarly)
        let rest = try #require(availability.debt)
        availability.paid(rest)
        let isBack = availability.cameBack()
        #expect(isBack)
        #expect(!availability.isAway)
        #expect(availability.problem == nil)
    }

    @Test("an overtaken deletion does not settle the later one")
    func overtaken() {
        var availability = CacheAvailability()
        let first = availability.willDelete(["a"])
        let second = availability.willDelete(["a"])
        availability.deleted(["a"], upTo: first)
        #expect(availability.debt?.keys == ["a"])
        availability.deleted(["a"], upTo: second)
        #expect(availability.debt == nil)
    }

    @Test("too many owed keys become one debt of everything, which a later one of the kind is not paid with")
    func everything() throws {
        var availability = CacheAvailability()
        _ = availability.left("gone")
        for number in 0...CacheAvailability.mostOutstanding { _ = availability.willDelete(["\(number)"]) }
        let debt = try #require(availability.debt)
        #expect(debt.isEverything)
        #expect(debt.keys == [])
        availability.willDeleteEverything()
        availability.paid(debt)
        #expect(availability.debt?.isEverything == true)
        let rest = try #require(availability.debt)
        availability.paid(rest)
        let isBack = availability.cameBack()
        #expect(isBack)
    }
}

extension RedisClient {
    fileprivate func number(_ command: [RESPArgument]) async throws -> Int64? {
        guard case .integer(let number) = try await send(command) else { return nil }
        return number
    }
}
