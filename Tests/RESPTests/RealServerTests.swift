import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import RESP

@Suite("against a real Redis", .timeLimit(.minutes(5)))
struct RealServerTests {
    private static func with(
        _ configuration: RedisConfiguration, _ body: (RedisClient) async throws -> Void
    ) async throws {
        let client = RedisClient(configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        do {
            try await body(client)
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    @Test("two thousand callers at once get the answers to their own questions")
    func ownAnswers() async throws {
        try await RedisServer.with { server in
            try await Self.with(RedisConfiguration(url: server.url)) { client in
                let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<2000 {
                        group.addTask {
                            let echoed = try await client.send(["ECHO", RESPArgument(number)])
                            return echoed != .bulk(Array("\(number)".utf8))
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(wrong == 0)
                #expect((1...10).contains(client.snapshot.open))
                #expect(client.snapshot.pending == 0)
            }
        }
    }

    @Test("maps, sets, doubles and booleans arrive as such; errors of a pipeline stay among its answers")
    func values() async throws {
        try await RedisServer.with { server in
            try await Self.with(RedisConfiguration(url: server.url)) { client in
                let answers = try await client.pipeline([
                    ["HSET", "h", "f", "v"], ["HGETALL", "h"], ["SADD", "s", "x"], ["SMEMBERS", "s"], ["ZADD", "z", "1.5", "m"],
                    ["ZSCORE", "z", "m"], ["GET", "nothing"], ["INCR", "h"], ["EVAL", "return {1, {2, 'x'}}", "0"],
                ])
                #expect(
                    answers == [
                        .integer(1), .map([.init(key: .bulk([0x66]), value: .bulk([0x76]))]), .integer(1), .set([.bulk([0x78])]),
                        .integer(1), .double(1.5), .null, .error("WRONGTYPE Operation against a key holding the wrong kind of value"),
                        .array([.integer(1), .array([.integer(2), .bulk([0x78])])]),
                    ])
                let error = await #expect(throws: RESPError.self) { try await client.send(["INCR", "h"]) }
                #expect(error?.serverErrorKind == "WRONGTYPE")
                await #expect(throws: RESPError.self) { try await client.send([]) }
            }
        }
    }

    @Test("a value of five megabytes comes back as it was")
    func large() async throws {
        try await RedisServer.with { server in
            try await Self.with(RedisConfiguration(url: server.url)) { client in
                let value = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                _ = try await client.send(["SET", "large", RESPArgument(value)])
                let answer = try await client.send(["GET", "large"])
                // Without the values: nobody wants to read five million numbers.
                let isSame = answer == .bulk(value)
                #expect(isSame)
            }
        }
    }

    @Test("passwords, users and databases are used; wrong ones are named as such")
    func credentials() async throws {
        try await RedisServer.with(["--requirepass", "se:cret/"]) { server in
            let good = try RedisConfiguration(url: "redis://:se%3Acret%2F@127.0.0.1:\(server.port)/5")
            try await Self.with(good) { client in
                _ = try await client.send(["SET", "k", "in five"])
                _ = try await client.send(["ACL", "SETUSER", "ada", "on", ">pw", "~*", "+@all"])
                let list = try await client.send(["CLIENT", "INFO"])
                guard case .bulk(let bytes) = list else { return }
                #expect(String(decoding: bytes, as: UTF8.self).contains(" db=5 "))
            }
            try await Self.with(RedisConfiguration(url: "redis://ada:pw@127.0.0.1:\(server.port)/5")) { client in
                let answer = try await client.send(["GET", "k"])
                #expect(answer == .bulk(Array("in five".utf8)))
            }
            try await Self.with(RedisConfiguration(url: "redis://ada:pw@127.0.0.1:\(server.port)")) { client in
                let answer = try await client.send(["GET", "k"])
                #expect(answer == .null)
            }
            try await Self.with(RedisConfiguration(url: "redis://:wrong@127.0.0.1:\(server.port)")) { client in
                await #expect(throws: RESPError.authentication("user name or password are wrong")) { try await client.send(["PING"]) }
            }
            try await Self.with(RedisConfiguration(url: server.url)) { client in
                await #expect(throws: RESPError.authentication("the server wants a password")) { try await client.send(["PING"]) }
            }
            try await Self.with(RedisConfiguration(url: "redis://ada:pw@127.0.0.1:\(server.port)/999")) { client in
                let error = await #expect(throws: RESPError.self) { try await client.send(["PING"]) }
                #expect(error == .configuration("the server has no database 999, or this user may not use it"))
            }
        }
    }

    @Test("a killed server is an error, and a new one at the same place is used again")
    func restart() async throws {
        try await RedisServer.with { server in
            var configuration = try RedisConfiguration(url: server.url)
            configuration.reconnectDelay = .milliseconds(1)
            try await Self.with(configuration) { client in
                _ = try await client.send(["SET", "k", "v"])
                await server.kill()
                await #expect(throws: RESPError.self) { try await client.send(["GET", "k"]) }
                try await server.launch()
                var answer: RESPValue?
                // The first question may still meet the end of the old connection.
                for _ in 0..<5 where answer == nil { answer = try? await client.send(["GET", "k"]) }
                #expect(answer == .null)
            }
        }
    }

    @Test("TLS is verified: a certificate of an unknown authority or for another name is refused")
    func tls() async throws {
        let certificate = try await TestCertificate(name: "localhost")
        defer { certificate.remove() }
        try await RedisServer.with(tls: (certificate.certificatePath, certificate.keyPath)) { server in
            var trusted = try RedisConfiguration(url: "rediss://localhost:\(server.port)")
            trusted.trustRoots = .only(pem: certificate.pem)
            try await Self.with(trusted) { client in
                let answer = try await client.send(["ECHO", "hello"])
                #expect(answer == .bulk(Array("hello".utf8)))
            }
            try await Self.with(RedisConfiguration(url: "rediss://localhost:\(server.port)")) { client in
                let error = await #expect(throws: RESPError.self) { try await client.send(["PING"]) }
                #expect(error == .noConnection("TLS: the certificate is not trusted"))
            }
            var otherName = try RedisConfiguration(url: "rediss://127.0.0.1:\(server.port)")
            otherName.trustRoots = .only(pem: certificate.pem)
            try await Self.with(otherName) { client in
                let error = await #expect(throws: RESPError.self) { try await client.send(["PING"]) }
                #expect(error == .noConnection("TLS: the certificate is for another name"))
            }
            var plain = trusted
            plain.usesTLS = false
            try await Self.with(plain) { client in
                await #expect(throws: RESPError.self) { try await client.send(["PING"]) }
            }
        }
    }

    @Test("shutting down twice, or before anything was asked, ends")
    func shutdown() async throws {
        let configuration = RedisConfiguration(host: "127.0.0.1", port: 1)
        let client = RedisClient(configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        await client.shutdown()
        await client.shutdown()
        await #expect(throws: RESPError.shutDown) { try await client.send(["PING"]) }
    }
}
