import Foundation
import NIOCore
import Observability
import RESP
import Storage
import TestSupport
import Testing
import Web

@testable import App

@Suite("Cache wiring", .timeLimit(.minutes(5)))
struct CacheTests {
    private func settings(_ folder: TemporaryFolder, _ more: [String: String] = [:]) throws -> Settings {
        var settings = try Settings(
            SettingsSource(environment: ["DATABASE_URL": "sqlite:\(folder.path)/rapport.sqlite"].merging(more) { $1 }))
        // How busy the machine is, is of no matter here.
        settings.cache.patience = .seconds(60)
        return settings
    }

    private func checks(_ settings: Settings) async -> [Finding.Verdict] {
        await CacheCheck(settings: settings).run().map(\.verdict)
    }

    @Test("SQLite has a cache in the process; switched off there is none, and readiness is fine with either")
    func withoutRedis() async throws {
        let folder = try TemporaryFolder()
        let assembly = try await Assembly.build(settings(folder), registry: MetricsRegistry())
        #expect(await assembly.caches.cache?.statistics.backend == .inProcess)
        #expect(assembly.caches.records != nil)
        #expect(assembly.caches.sharedRecords == nil)
        await assembly.store.database.close()

        let without = try await Assembly.build(settings(folder, ["ENABLE_CACHING": "false"]), registry: MetricsRegistry())
        #expect(without.caches.cache == nil)
        #expect(without.caches.records == nil)
        #expect(!without.web.isCachingEnabled)
        let check = await Assembly.cacheCheck(without.caches, isEnabled: false).run()
        #expect(check.state == .ok)
        #expect(check.detail == "switched off")
        await without.store.database.close()
    }

    @Test("Redis is shared by all, counted in the metrics, and its absence degrades and never fails")
    func withRedis() async throws {
        let folder = try TemporaryFolder()
        try await RedisServer.with { server in
            let registry = MetricsRegistry()
            let settings = try settings(folder, ["REDIS_URL": server.url])
            let assembly = try await Assembly.build(settings, registry: registry)
            #expect(assembly.caches.sharedRecords != nil)
            let cache = try #require(assembly.caches.cache)
            await cache.set("a", [1], seconds: 60)
            _ = await cache.get("a")
            _ = await cache.get("a")
            _ = await cache.get("b")
            let check = Assembly.cacheCheck(assembly.caches, isEnabled: true)
            #expect(await check.run().state == .ok)
            await server.kill()
            let away = await check.run()
            #expect(away.state == .degraded)
            #expect(away.detail?.hasPrefix("Redis: ") == true)
            let text = String(decoding: registry.render(), as: UTF8.self)
            #expect(text.contains("crm_cache_hits_total 2.0\n"))
            #expect(text.contains("crm_cache_misses_total 1.0\n"))
            #expect(text.contains(#"crm_api_errors_total{api="cache",error_type="transient"} "#))
            await assembly.caches.redis?.shutdown()
            await assembly.store.database.close()
        }
    }

    @Test("with caching switched off Redis still counts, and keeps no copy")
    func countersOnly() async throws {
        let folder = try TemporaryFolder()
        try await RedisServer.with { server in
            let settings = try settings(folder, ["REDIS_URL": server.url, "ENABLE_CACHING": "false"])
            let assembly = try await Assembly.build(settings, registry: MetricsRegistry())
            #expect(assembly.caches.cache == nil)
            #expect(assembly.caches.records == nil)
            #expect(await assembly.caches.redis?.increment("crm:ratelimit:sms:1", by: 1, seconds: 1) == 1)
            await assembly.caches.redis?.shutdown()
            await assembly.store.database.close()
        }
    }

    @Test("the doctor finds a Redis that answers, a wrong password, nobody there, and a replica")
    func doctor() async throws {
        let folder = try TemporaryFolder()
        #expect(await checks(try settings(folder)) == [.well])
        #expect(await checks(try settings(folder, ["ENABLE_CACHING": "false"])) == [.note])
        try await RedisServer.with(["--requirepass", "pw"]) { server in
            let good = "redis://:pw@127.0.0.1:\(server.port)"
            // A busy machine may be noted as slow; nothing is ill.
            let verdicts = await checks(try settings(folder, ["REDIS_URL": good]))
            #expect(verdicts.first == .well)
            #expect(!verdicts.contains(.ill))
            let wrong = try settings(folder, ["REDIS_URL": "redis://:hunter2@127.0.0.1:\(server.port)"])
            let findings = await CacheCheck(settings: wrong).run()
            #expect(findings.map(\.verdict) == [.ill])
            #expect(findings.first?.lines.contains("user name or password are wrong") == true)
            #expect(findings.first?.lines.contains("hunter2") == false)
            await server.kill()
            let gone = await CacheCheck(settings: try settings(folder, ["REDIS_URL": good])).run()
            #expect(gone.first?.lines.contains("connection refused") == true)
        }
        try await RedisServer.with(["--replicaof", "127.0.0.1 1", "--maxmemory", "100mb"]) { server in
            let verdicts = await checks(try settings(folder, ["REDIS_URL": server.url]))
            #expect(verdicts.first == .well)
            #expect(verdicts.suffix(2) == [.ill, .note])
        }
    }
}
