import NIOCore
import NIOPosix
import RESP

/// Redis: can it be reached, how fast, is it set up for what we keep there.
struct CacheCheck: Sendable {
    let settings: Settings

    func run() async -> [Finding] {
        guard var configuration = settings.cache.redis else {
            if !settings.cache.isEnabled { return [.note("cache", "switched off (ENABLE_CACHING)")] }
            if case .sqlite = settings.database { return [.well("cache", "inside the process")] }
            return [.note("cache", "no REDIS_URL: records are read from the database each time")]
        }
        configuration.maxConnections = 1
        let client = RedisClient(configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.any())
        let findings: [Finding]
        do throws(RESPError) {
            findings = try await look(client)
        } catch {
            findings = [.ill("cache", "\(configuration.name): \(error)", mend: Self.remedy(error))]
        }
        await client.shutdown(within: .seconds(1))
        return findings
    }

    private func look(_ client: RedisClient) async throws(RESPError) -> [Finding] {
        _ = try await client.send(["PING"])
        let clock = ContinuousClock()
        let begin = clock.now
        for _ in 0..<10 { _ = try await client.send(["PING"]) }
        let microseconds = (clock.now - begin).components.attoseconds / 10_000_000_000_000
        // What the cache needs beside reading and writing: one step for "compare and set".
        _ = try await client.send(["EVAL", "return 1", "0"])
        let facts = RedisFacts(info: try? await client.send(["INFO"]))
        let version = facts["redis_version"].map { " \($0)" } ?? ""
        var all = [Finding.well("cache", "\(client.configuration.name)\(version) answers in \(microseconds) µs")]
        if microseconds > 10_000 {
            all.append(.note("cache", "that is slow", "put Redis nearer: a cache is there to be faster than the database"))
        }
        if !client.configuration.usesTLS, !client.configuration.isLocal {
            all.append(.note("cache", "what is kept there travels in clear", "use rediss:// outside of a private network"))
        }
        if client.configuration.password == nil, !client.configuration.isLocal {
            all.append(.note("cache", "Redis asks for no password", "set one: whoever can write there can change templates"))
        }
        if facts["cluster_enabled"] == "1" {
            all.append(.ill("cache", "this is a Redis cluster", mend: "use a single server or one with replicas"))
        }
        if facts["role"] == "slave" {
            all.append(.ill("cache", "this server is a replica and can not be written to", mend: "point REDIS_URL at the primary"))
        }
        return all + eviction(facts)
    }

    private func eviction(_ facts: RedisFacts) -> [Finding] {
        let limit = facts["maxmemory"].flatMap { Int($0) } ?? 0
        guard limit > 0, let policy = facts["maxmemory_policy"] else { return [] }
        if policy == "noeviction" {
            return [.note("cache", "a full Redis refuses new entries (noeviction)", "set maxmemory-policy volatile-lru or allkeys-lru")]
        }
        return []
    }

    private static func remedy(_ error: RESPError) -> String {
        switch error {
        case .authentication: "check user name and password in REDIS_URL; % escapes count in both"
        case .noConnection(let reason) where reason.hasPrefix("TLS"):
            "the host in REDIS_URL must be the name in the server's certificate; name a private authority with REDIS_CA_FILE"
        case .server: "this Redis user may not do what the cache needs: allow +@read +@write +@scripting +ping +info on crm:*"
        case .configuration: "correct the database number at the end of REDIS_URL"
        default: "check host and port in REDIS_URL, and that Redis runs; until then everything works without it, slower"
        }
    }
}

/// The lines `name:value` of `INFO`.
private struct RedisFacts {
    private var fields: [String: String] = [:]

    init(info: RESPValue?) {
        guard case .bulk(let bytes)? = info else { return }
        for line in bytes.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            fields[String(decoding: line[..<colon], as: UTF8.self)] = String(decoding: line[line.index(after: colon)...], as: UTF8.self)
        }
    }

    subscript(name: String) -> String? { fields[name] }
}
