import Testing

@testable import RESP

@Suite("where to connect")
struct ConfigurationTests {
    struct Expected: Equatable {
        var host: String
        var port = 6379
        var username: String?
        var password: String?
        var database = 0
        var usesTLS = false
    }

    static let urls: [(String, Expected)] = [
        ("redis://localhost", Expected(host: "localhost")),
        ("redis://localhost/", Expected(host: "localhost")),
        ("redis://localhost:6380/3", Expected(host: "localhost", port: 6380, database: 3)),
        ("redis://:secret@h:1/0", Expected(host: "h", port: 1, password: "secret")),
        ("redis://me:se%3Acret%40%2F@h", Expected(host: "h", username: "me", password: "se:cret@/")),
        ("redis://me:p:q@h", Expected(host: "h", username: "me", password: "p:q")),
        ("redis://:a@b@h", Expected(host: "h", password: "a@b")),
        ("redis://:@h", Expected(host: "h")),
        ("rediss://cache.example.org/2", Expected(host: "cache.example.org", database: 2, usesTLS: true)),
        ("redis://[::1]:7000/1", Expected(host: "::1", port: 7000, database: 1)),
        ("redis://[::1]", Expected(host: "::1")),
        ("redis://h?db=4", Expected(host: "h", database: 4)),
    ]

    @Test("the parts of a URL are read", arguments: urls.indices)
    func parts(_ index: Int) throws {
        let (url, expected) = Self.urls[index]
        let read = try RedisConfiguration(url: url)
        #expect(
            Expected(
                host: read.host, port: read.port, username: read.username, password: read.password, database: read.database,
                usesTLS: read.usesTLS) == expected)
    }

    @Test(
        "a URL that makes no sense is refused, and what is said about it repeats nothing of it",
        arguments: [
            "http://top-secret@h", "redis://", "redis://:top-secret@", "redis://:top-secret@h:0", "redis://:top-secret@h:65536",
            "redis://:top-secret@h:x", "redis://:top-secret@h/x", "redis://:top-secret@h/-1", "redis://:top-secret@h/1/2",
            "redis://:top-secret%@h", "redis://:top-secret%4@h", "redis://:top-secret%zz@h", "redis://[::1/top-secret",
            "redis://[::1]x:1/top-secret", "redis://h?top-secret=1", "redis://h/1?db=2&x=top-secret", "redis://top-secret@h",
            "redis://a b/top-secret", "redis://h#top-secret", "top-secret",
        ])
    func refused(url: String) {
        let error = #expect(throws: RESPError.self) { try RedisConfiguration(url: url) }
        #expect(error.map { "\($0)".contains("secret") } == false)
    }

    @Test("HELLO carries the credentials; a server that does not know it is asked with AUTH, SELECT and PING")
    func handshake() throws {
        var new = RedisHandshake(try RedisConfiguration(url: "redis://me:pw@h/2"))
        #expect(new.first == ["HELLO", "3", "AUTH", "me", "pw"])
        #expect(new.received(.map([])) == .say(["SELECT", "2"]))
        #expect(new.received(.simple("OK")) == .ready)

        var old = RedisHandshake(try RedisConfiguration(url: "redis://:pw@h/2"))
        #expect(old.first == ["HELLO", "3", "AUTH", "default", "pw"])
        #expect(old.received(.error("ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`")) == .say(["AUTH", "pw"]))
        #expect(old.received(.simple("OK")) == .say(["SELECT", "2"]))
        #expect(old.received(.simple("OK")) == .ready)

        var open = RedisHandshake(RedisConfiguration(host: "h"))
        #expect(open.first == ["HELLO", "3"])
        #expect(open.received(.error("NOPROTO sorry")) == .say(["PING"]))
        #expect(open.received(.simple("PONG")) == .ready)
    }

    @Test(
        "a refusal in the handshake says what is wrong and nothing that was sent",
        arguments: [
            ("WRONGPASS invalid username-password pair", "authentication"), ("NOAUTH HELLO must be called", "authentication"),
            ("ERR invalid password", "authentication"), ("ERR max number of clients reached", "no connection"),
            ("DENIED protected mode", "no connection"), ("LOADING the dataset", "no connection"),
        ])
    func refusals(text: String, expected: String) throws {
        var handshake = RedisHandshake(try RedisConfiguration(url: "redis://:pw@h"))
        guard case .failed(let error) = handshake.received(.error(text + " pw")) else {
            Issue.record("went on")
            return
        }
        #expect("\(error)".hasPrefix(expected))
        #expect(!"\(error)".contains("pw"))
    }

    @Test("old servers that refuse AUTH or SELECT end the attempt")
    func oldRefusals() throws {
        var auth = RedisHandshake(try RedisConfiguration(url: "redis://:pw@h"))
        _ = auth.received(.error("ERR unknown command"))
        #expect(
            auth.received(.error("ERR Client sent AUTH, but no password is set"))
                == .failed(.authentication("the server refused the credentials (ERR)")))
        var select = RedisHandshake(try RedisConfiguration(url: "redis://h/99"))
        _ = select.received(.map([]))
        guard case .failed(.configuration) = select.received(.error("ERR DB index is out of range")) else {
            Issue.record("went on")
            return
        }
    }
}
