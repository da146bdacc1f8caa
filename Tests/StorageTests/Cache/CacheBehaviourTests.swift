import Core
import Logging
import NIOCore
import NIOPosix
import RESP
import TestSupport
import Testing

@testable import Storage

/// The caches that every behaviour is tested on.
enum TestCache: String, CaseIterable, Sendable, CustomStringConvertible {
    case inProcess, redis

    var description: String { rawValue }

    func with(_ body: (any Cache) async throws -> Void) async throws {
        switch self {
        case .inProcess:
            try await body(InProcessCache(clock: TestClock().wallClock))
        case .redis:
            try await RedisServer.with { server in
                try await Self.withRedis(server) { cache in try await body(cache) }
            }
        }
    }

    /// - Parameter patience: long, so that nothing depends on how busy the machine is; tests of the patience itself give the real one.
    static func withRedis(
        _ server: RedisServer, patience: TimeAmount = .seconds(60),
        pause: @escaping @Sendable (Duration) async throws -> Void = { _ in await Task.yield() },
        _ body: (RedisCache) async throws -> Void
    ) async throws {
        var configuration = try RedisConfiguration(url: server.url)
        configuration.reconnectDelay = .milliseconds(1)
        configuration.maxReconnectDelay = .milliseconds(5)
        let cache = RedisCache(
            configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, patience: patience, pause: pause)
        do {
            try await body(cache)
        } catch {
            await cache.shutdown()
            throw error
        }
        await cache.shutdown()
    }
}

@Suite("every cache", .timeLimit(.minutes(5)))
struct CacheBehaviourTests {
    @Test("what was kept is found until it is deleted", arguments: TestCache.allCases)
    func keeps(_ kind: TestCache) async throws {
        try await kind.with { cache in
            await #expect(cache.get("a") == nil)
            await cache.set("a", [1, 2], seconds: 60)
            await cache.set("b", [], seconds: nil)
            await #expect(cache.get("a") == [1, 2])
            await #expect(cache.get("b") == [])
            await cache.set("a", [3], seconds: nil)
            await #expect(cache.get("a") == [3])
            await cache.delete(["a", "nothing"])
            await #expect(cache.get("a") == nil)
            await #expect(cache.get("b") == [])
            await cache.delete([])
            #expect(cache.counts == CacheCounts(hits: 4, misses: 2))
            await #expect(cache.health() == nil)
        }
    }

    @Test("a gap is filled once by whoever found it", arguments: TestCache.allCases)
    func fills(_ kind: TestCache) async throws {
        try await kind.with { cache in
            let lease = try #require(await cache.missing("k"))
            await cache.fill("k", [1], seconds: 60, lease: lease)
            await #expect(cache.get("k") == [1])
            await cache.fill("k", [2], seconds: 60, lease: lease)
            await #expect(cache.get("k") == [1])
        }
    }

    @Test("what was read before a deletion does not come back after it", arguments: TestCache.allCases)
    func staleFill(_ kind: TestCache) async throws {
        try await kind.with { cache in
            let lease = try #require(await cache.missing("k"))
            // Here a reader reads the old record; a writer changes it and says so.
            await cache.delete(["k"])
            await cache.fill("k", [1], seconds: 60, lease: lease)
            await #expect(cache.get("k") == nil)
            let newer = try #require(await cache.missing("k"))
            await cache.fill("k", [1], seconds: 60, lease: lease)
            await #expect(cache.get("k") == nil)
            await cache.fill("k", [2], seconds: 60, lease: newer)
            await #expect(cache.get("k") == [2])
        }
    }

    @Test("all who find the same gap may fill it, and the first one does", arguments: TestCache.allCases)
    func shared(_ kind: TestCache) async throws {
        try await kind.with { cache in
            let first = try #require(await cache.missing("k"))
            let second = try #require(await cache.missing("k"))
            await cache.fill("k", [1], seconds: 60, lease: first)
            await #expect(cache.get("k") == [1])
            await cache.fill("k", [2], seconds: 60, lease: second)
            await #expect(cache.get("k") == [1])
            await cache.delete(["k"])
            await cache.fill("k", [2], seconds: 60, lease: second)
            await #expect(cache.get("k") == nil)
        }
    }

    @Test("leases are for one key each", arguments: TestCache.allCases)
    func leasesOfOthers(_ kind: TestCache) async throws {
        try await kind.with { cache in
            let a = try #require(await cache.missing("a"))
            let b = try #require(await cache.missing("b"))
            await cache.delete(["a"])
            await cache.fill("a", [1], seconds: nil, lease: b)
            await cache.fill("b", [2], seconds: nil, lease: b)
            await cache.fill("a", [3], seconds: nil, lease: a)
            await #expect(cache.get("a") == nil)
            await #expect(cache.get("b") == [2])
        }
    }

    @Test("a hundred readers and writers at once: the last word is the last write's or nobody's", arguments: TestCache.allCases)
    func race(_ kind: TestCache) async throws {
        try await kind.with { cache in
            let record = Record()
            await withTaskGroup(of: Void.self) { group in
                for round in 0..<200 {
                    group.addTask {
                        if round % 4 == 0 {
                            await record.change()
                            await cache.delete(["k"])
                        } else if case .miss(let lease?) = await cache.lookUp("k") {
                            let value = await record.value
                            await Task.yield()
                            await cache.fill("k", [value], seconds: 60, lease: lease)
                        }
                    }
                }
            }
            let last = await record.value
            let cached = await cache.get("k")
            #expect(cached == nil || cached == [last])
        }
    }

    @Test("a counter adds up over all callers and ends on its own", arguments: TestCache.allCases)
    func counts(_ kind: TestCache) async throws {
        try await kind.with { cache in
            await #expect(cache.read(counter: "crm:ratelimit:sms:1") == 0)
            await #expect(cache.increment("crm:ratelimit:sms:1", by: 2, seconds: 60) == 2)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<100 { group.addTask { _ = await cache.increment("crm:ratelimit:sms:1", by: 1, seconds: 60) } }
            }
            await #expect(cache.read(counter: "crm:ratelimit:sms:1") == 102)
            await #expect(cache.increment("crm:ratelimit:sms:1", by: -2, seconds: 60) == 100)
            await #expect(cache.increment("crm:ratelimit:sms:1", by: .max, seconds: 60) == nil)
            await #expect(cache.read(counter: "crm:ratelimit:sms:1") == 100)
            await cache.delete(["crm:ratelimit:sms:1"])
            await #expect(cache.read(counter: "crm:ratelimit:sms:1") == 0)
        }
    }

    @Test("all copies can be deleted, with the leases on new ones; counters stay", arguments: TestCache.allCases)
    func deletesCopies(_ kind: TestCache) async throws {
        try await kind.with { cache in
            for number in 0..<1200 { await cache.set("crm:prefs:\(number)", [1], seconds: 60) }
            await cache.set("crm:template:sms:welcome", [1], seconds: nil)
            let lease = try #require(await cache.missing("crm:prefs:x"))
            _ = await cache.increment("crm:ratelimit:sms:1", by: 1, seconds: 60)
            await cache.deleteCopies()
            await cache.fill("crm:prefs:x", [1], seconds: 60, lease: lease)
            for key in ["crm:prefs:0", "crm:prefs:1199", "crm:prefs:x", "crm:template:sms:welcome"] {
                await #expect(cache.get(key) == nil, "\(key)")
            }
            await #expect(cache.read(counter: "crm:ratelimit:sms:1") == 1)
        }
    }

    @Test("statistics tell hits, misses and keys", arguments: TestCache.allCases)
    func statistics(_ kind: TestCache) async throws {
        try await kind.with { cache in
            await cache.set("a", [1], seconds: 60)
            _ = await cache.get("a")
            _ = await cache.get("a")
            _ = await cache.get("a")
            _ = await cache.get("b")
            let statistics = await cache.statistics
            #expect(statistics.counts == CacheCounts(hits: 3, misses: 1))
            #expect(statistics.counts.hitRate == 75)
            #expect(statistics.keys == 1)
            switch kind {
            case .inProcess:
                #expect(statistics.backend == .inProcess)
                #expect(statistics.pool == nil)
            case .redis:
                #expect(statistics.backend == .redis)
                #expect(statistics.pool?.maxConnections == 10)
                #expect((statistics.pool?.inUse ?? 0) + (statistics.pool?.idle ?? 0) == 1)
                #expect((statistics.server?.usedMemory ?? 0) > 10_000)
                #expect(statistics.server?.keyspaceHits == 3)
                #expect((statistics.server?.connectedClients ?? 0) >= 1)
                #expect(statistics.server?.maxMemoryPolicy == "noeviction")
            }
        }
    }
}

/// A record in a database.
private actor Record {
    private(set) var value: UInt8 = 0

    func change() { value += 1 }
}

extension Cache {
    /// The lease on a gap; nil where there is none.
    fileprivate func missing(_ key: String) async -> CacheLease? {
        guard case .miss(let lease) = await lookUp(key) else { return nil }
        return lease
    }
}
