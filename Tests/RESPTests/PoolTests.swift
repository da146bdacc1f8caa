import NIOCore
import NIOEmbedded
import Testing

@testable import RESP

@Suite("the pool of connections")
struct PoolTests {
    @Test("the first command opens one connection and follows the handshake; answers come back in order")
    func pipelining() throws {
        let pool = EmbeddedPool()
        #expect(pool.attempts == 0)
        let (a, b) = (pool.ask("GET", "a"), pool.ask("GET", "b"))
        #expect(pool.attempts == 1)
        #expect(try pool.sent(0) == ["HELLO", "3"])
        try pool.say(0, "%1|+proto|:3|")
        let c = pool.askTogether([["GET", "c"], ["GET", "d"]])
        #expect(try pool.sent(0) == ["GET", "a", "GET", "b", "GET", "c", "GET", "d"])
        #expect(pool.snapshot == RedisPoolSnapshot(open: 1, inUse: 1, pending: 3))
        try pool.say(0, "+1|+2|+3|-ERR four|")
        #expect(a.answer == .simple("1"))
        #expect(b.answer == .simple("2"))
        #expect(try c.result?.get() == [.simple("3"), .error("ERR four")])
        #expect(pool.snapshot == RedisPoolSnapshot(open: 1, inUse: 0, pending: 0))
    }

    @Test("a command without an answer in time fails, and no late answer reaches another command")
    func timeout() throws {
        let pool = EmbeddedPool()
        let early = pool.ask("GET", "early")
        try pool.makeReady(0)
        pool.advance(.milliseconds(60))
        let late = pool.ask("GET", "late")
        pool.advance(.milliseconds(39))
        #expect(early.result == nil)
        pool.advance(.milliseconds(1))
        #expect(early.failure == .timeout(sent: true))
        #expect(late.failure == .connectionLost("an earlier command had no answer in time"))
        #expect(!pool.channels[0].isActive)
        let next = pool.ask("GET", "next")
        #expect(pool.attempts == 2)
        try pool.makeReady(1)
        try pool.say(1, "+right|")
        #expect(next.answer == .simple("right"))
        #expect([early, late, next].map(\.completions) == [1, 1, 1])
        #expect(pool.snapshot.pending == 0)
    }

    @Test("the time of a command counts from its own begin, not from that of the one before")
    func timeOfEach() throws {
        let pool = EmbeddedPool()
        let first = pool.ask("GET", "1")
        try pool.makeReady(0)
        pool.advance(.milliseconds(90))
        try pool.say(0, "+1|")
        let second = pool.ask("GET", "2")
        pool.advance(.milliseconds(90))
        #expect(second.result == nil)
        try pool.say(0, "+2|")
        #expect(first.answer == .simple("1"))
        #expect(second.answer == .simple("2"))
    }

    @Test("a lost connection fails what was sent, is not repeated, and the next command opens a new one")
    func lost() throws {
        let pool = EmbeddedPool()
        let question = pool.ask("INCR", "n")
        try pool.makeReady(0)
        pool.channels[0].close(promise: nil)
        #expect(question.failure == .connectionLost("the server closed it"))
        #expect(pool.attempts == 1)
        let next = pool.ask("GET", "n")
        try pool.makeReady(1)
        #expect(try pool.sent(1) == ["GET", "n"])
        try pool.say(1, ":0|")
        #expect(next.answer == .integer(0))
    }

    @Test(
        "an answer that nobody asked for, and bytes that are not the protocol, end the connection",
        arguments: ["+surprise|", "HTTP/1.1 400|"])
    func nonsense(text: String) throws {
        let pool = EmbeddedPool()
        let question = pool.ask("PING")
        try pool.makeReady(0)
        try pool.say(0, "+PONG|" + text)
        #expect(question.answer == .simple("PONG"))
        #expect(!pool.channels[0].isActive)
        #expect(pool.snapshot == RedisPoolSnapshot(open: 0, inUse: 0, pending: 0))
    }

    @Test("data out of band belongs to no command")
    func push() throws {
        let pool = EmbeddedPool()
        let question = pool.ask("GET", "a")
        try pool.makeReady(0)
        try pool.say(0, ">2|+invalidate|*1|+a|+yes|")
        #expect(question.answer == .simple("yes"))
    }

    @Test("while the server is down one attempt is made at a time, with growing pauses, and what waits fails with the reason")
    func backoff() throws {
        let pool = EmbeddedPool { $0.reconnectDelay = .milliseconds(50) }
        pool.isDown = true
        let first = pool.ask("PING")
        #expect(first.failure == .noConnection("the server can not be reached"))
        let second = pool.ask("PING")
        #expect(pool.attempts == 1)
        pool.advance(.milliseconds(50))
        #expect(pool.attempts == 2)
        #expect(second.failure == .noConnection("the server can not be reached"))
        let third = pool.ask("PING")
        pool.advance(.milliseconds(50))
        #expect(pool.attempts == 2)
        // The pause has doubled, but a command waits no longer than its time.
        pool.advance(.milliseconds(49))
        #expect(third.result == nil)
        pool.isDown = false
        pool.advance(.milliseconds(1))
        #expect(pool.attempts == 3)
        let fourth = pool.ask("PING")
        try pool.makeReady(0)
        try pool.say(0, "+PONG|")
        #expect(fourth.answer == .simple("PONG"))
        #expect(pool.snapshot.pending == 0)
    }

    @Test("a server that accepts and says nothing costs a command its own time; the attempt goes on and serves the next one")
    func silentServer() throws {
        let pool = EmbeddedPool()
        let first = pool.ask("PING")
        pool.advance(.milliseconds(100))
        #expect(first.failure == .timeout(sent: false))
        let second = pool.ask("PING")
        #expect(pool.attempts == 1)
        try pool.makeReady(0)
        try pool.say(0, "+PONG|")
        #expect(second.answer == .simple("PONG"))
        #expect(first.completions == 1)
    }

    @Test("a handshake that is never finished ends after its own time")
    func silentHandshake() throws {
        let pool = EmbeddedPool()
        _ = pool.ask("PING")
        pool.advance(.seconds(2))
        #expect(!pool.channels[0].isActive)
        _ = pool.ask("PING")
        pool.advance(.milliseconds(50))
        #expect(pool.attempts == 2)
    }

    @Test("a wrong password fails what waits, with words")
    func wrongPassword() throws {
        let pool = EmbeddedPool { $0.password = "nope" }
        let question = pool.ask("PING")
        #expect(try pool.sent(0) == ["HELLO", "3", "AUTH", "default", "nope"])
        try pool.say(0, "-WRONGPASS invalid|")
        #expect(question.failure == .authentication("user name or password are wrong"))
        #expect(!pool.channels[0].isActive)
    }

    @Test("a second connection is opened only when the first has much to do, and never one too many")
    func spill() throws {
        let pool = EmbeddedPool()
        _ = pool.ask("GET", "0")
        try pool.makeReady(0)
        for index in 1...63 { _ = pool.ask("GET", "\(index)") }
        #expect(pool.attempts == 1)
        _ = pool.ask("GET", "64")
        #expect(pool.attempts == 2)
        try pool.makeReady(1)
        _ = try pool.sent(0)
        let spilled = pool.ask("GET", "65")
        #expect(try pool.sent(1) == ["GET", "65"])
        #expect(try pool.sent(0) == [])
        try pool.say(1, "+x|")
        #expect(spilled.answer == .simple("x"))
        for index in 0..<500 { _ = pool.ask("GET", "\(index)") }
        #expect(pool.attempts == 2)
    }

    @Test("more commands than are allowed to wait are refused at once")
    func overload() throws {
        let pool = EmbeddedPool { $0.maxPending = 2 }
        let questions = (0..<3).map { _ in pool.ask("PING") }
        #expect(questions.map(\.failure) == [nil, nil, .overloaded])
        try pool.makeReady(0)
        try pool.say(0, "+PONG|+PONG|")
        #expect(pool.ask("PING").failure == nil)
    }

    @Test("stopping lets what is under way finish, refuses what comes, and ends when the last connection is closed")
    func stop() throws {
        let pool = EmbeddedPool()
        let question = pool.ask("GET", "a")
        try pool.makeReady(0)
        var isStopped = false
        pool.core?.stop { isStopped = true }
        #expect(!isStopped)
        #expect(pool.ask("GET", "b").failure == .shutDown)
        try pool.say(0, "+a|")
        #expect(question.answer == .simple("a"))
        pool.loop.run()
        #expect(isStopped)
        #expect(!pool.channels[0].isActive)
    }

    @Test("what does not finish is cut off when stopping takes too long")
    func abort() throws {
        let pool = EmbeddedPool()
        let question = pool.ask("GET", "a")
        try pool.makeReady(0)
        var isStopped = false
        pool.core?.stop { isStopped = true }
        pool.core?.abort()
        pool.loop.run()
        #expect(isStopped)
        #expect(question.failure == .shutDown)
    }
}
