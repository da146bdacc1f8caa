import NIOCore
import NIOEmbedded
import Testing

@testable import SMTP

@Suite("one connection and its mails")
struct ConnectionTests {
    private let envelope = "MAIL FROM:<a@example.com>|RCPT TO:<to@example.com>|DATA|"
    private let body = "Subject: x||hi|.|"

    @Test("with PIPELINING the next envelope travels with the message, and both mails are accepted")
    func chain() throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(mails: [a, b])
        #expect(try session.sent() == envelope)
        #expect(b.renders == 0)
        try session.say("250 ok\r\n250 ok\r\n354 go")
        #expect(try session.sent() == body + "MAIL FROM:<b@example.com>|RCPT TO:<to@example.com>|DATA|")
        #expect(a.result == nil)
        try session.say("250 2.0.0 Ok: queued as A1")
        #expect(a.result?.receipt?.queueID == "A1")
        try session.say("250 ok\r\n250 ok\r\n354 go")
        #expect(try session.sent() == body)
        try session.say("250 ok")
        #expect(b.result?.receipt != nil)
        #expect(session.isIdle)
        #expect([a, b].map(\.completions) == [1, 1])
        #expect([a, b].map(\.renders) == [1, 1])
    }

    @Test("without PIPELINING every command waits for its reply")
    func stepByStep() throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(["SIZE 1000"], mails: [a, b])
        #expect(try session.sent() == "MAIL FROM:<a@example.com> SIZE=18|")
        try session.say("250 ok")
        #expect(try session.sent() == "RCPT TO:<to@example.com>|")
        try session.say("250 ok")
        #expect(try session.sent() == "DATA|")
        try session.say("354 go")
        #expect(try session.sent() == body)
        try session.say("250 ok")
        #expect(try session.sent() == "MAIL FROM:<b@example.com> SIZE=18|")
        try session.say("550 5.7.1 no")
        #expect(b.failure?.phase == .mailFrom)
        try session.submit([TestMail("c")])
        #expect(try session.sent() == "RSET|")
        try session.say("250 ok")
        #expect(try session.sent() == "MAIL FROM:<c@example.com> SIZE=18|")
    }

    @Test(
        "a refused recipient fails its mail; an empty message closes a server that wants one all the same; RSET follows",
        arguments: [true, false])
    func refusedRecipient(serverWantsMessage: Bool) throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(mails: [a, b])
        _ = try session.sent()
        try session.say("250 ok\r\n550 5.1.1 nobody")
        #expect(a.result == nil)
        if serverWantsMessage {
            try session.say("354 go")
            #expect(try session.sent() == ".|")
            try session.say("554 no valid recipients")
        } else {
            try session.say("503 no valid recipients")
        }
        #expect(a.failure?.isHardBounce == true)
        #expect(a.failure?.code == 550)
        #expect(try session.sent() == "RSET|MAIL FROM:<b@example.com>|RCPT TO:<to@example.com>|DATA|")
        try session.say("250 reset\r\n250 ok\r\n250 ok\r\n354 go")
        try session.say("250 taken")
        #expect(b.result?.receipt?.text == "taken")
    }

    @Test("a refusal after the message is that mail's alone")
    func refusedContent() throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(mails: [a, b])
        try session.say("250 ok\r\n250 ok\r\n354 go")
        try session.say("554 5.7.1 spam\r\n250 ok\r\n250 ok\r\n354 go")
        #expect(a.failure?.phase == .accept)
        #expect(a.failure?.outcomeUnknown == false)
        try session.say("250 ok")
        #expect(b.result?.receipt != nil)
    }

    @Test("421 in any place ends the connection: its mail is rate-limited, the other may be sent again")
    func closing() throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(mails: [a, b])
        try session.say("250 ok\r\n250 ok\r\n354 go")
        try session.say("421 4.7.0 slow down")
        #expect(a.failure?.category == .rateLimit)
        #expect(a.failure?.outcomeUnknown == false)
        #expect(b.failure?.category == .transient)
        #expect(b.failure?.outcomeUnknown == false)
        #expect(session.ends.count == 1)
        #expect(!session.channel.isActive)
        let c = TestMail("c")
        let early = try EmbeddedSession.ready(mails: [c])
        try early.say("421 bye")
        #expect(c.failure?.category == .rateLimit)
        #expect(c.failure?.phase == .mailFrom)
    }

    @Test("lost after the final dot: unknown; its successor on the wire, and a mail whose message had not left, are safe to repeat")
    func lost() throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(mails: [a, b])
        try session.say("250 ok\r\n250 ok\r\n354 go")
        try session.channel.close().wait()
        #expect(a.failure?.outcomeUnknown == true)
        #expect(a.failure?.phase == .accept)
        #expect(b.failure?.outcomeUnknown == false)
        #expect(b.failure?.category == .transient)
        let c = TestMail("c")
        let stuck = try EmbeddedSession.ready(mails: [c])
        stuck.gate.isShut = true
        try stuck.say("250 ok\r\n250 ok\r\n354 go")
        _ = try? stuck.channel.close().wait()
        #expect(c.failure?.outcomeUnknown == false)
        #expect(c.failure?.phase == .body)
        #expect([a, b, c].map(\.completions) == [1, 1, 1])
    }

    @Test("a mail withdrawn at the last moment sends nothing and makes room for the next")
    func withdrawn() throws {
        let (a, b) = (TestMail("a", body: nil), TestMail("b"))
        let session = try EmbeddedSession.ready(mails: [a, b])
        #expect(a.failure?.withdrawn == true)
        #expect(a.failure?.underlying is TestMail.Withdrawn)
        #expect(try session.sent().hasPrefix("MAIL FROM:<b@"))
    }

    @Test("too large, 8-bit and international mails are refused here when the server cannot take them")
    func capabilities() throws {
        let large = TestMail("a", body: String(repeating: "x", count: 101))
        let eightBit = TestMail("b", body: "Subject: x\r\n\r\nü")
        let international = TestMail("c", recipient: "jürgen@example.com")
        let good = TestMail("d", body: String(repeating: "x", count: 100))
        let session = try EmbeddedSession.ready(["PIPELINING", "SIZE 100"], mails: [large, eightBit, international, good])
        #expect(large.failure?.enhanced == EnhancedStatus(5, 3, 4))
        #expect(eightBit.failure?.enhanced == EnhancedStatus(5, 6, 3))
        #expect(international.failure?.enhanced == EnhancedStatus(5, 6, 7))
        #expect([large, eightBit, international].allSatisfy { $0.failure?.category == .invalidInput && $0.failure?.code == nil })
        #expect(try session.sent().hasPrefix("MAIL FROM:<d@example.com> SIZE=100|"))
        let header = TestMail("h", body: "Subject: ü\r\n\r\n")
        _ = try EmbeddedSession.ready(["8BITMIME"], mails: [header])
        #expect(header.failure?.enhanced == EnhancedStatus(5, 6, 7))
        let able = try EmbeddedSession.ready(
            ["SIZE", "8BITMIME", "SMTPUTF8"], mails: [TestMail("e", body: "ü", recipient: "jürgen@bücher.example")])
        #expect(try able.sent() == "MAIL FROM:<e@example.com> SIZE=2 BODY=8BITMIME SMTPUTF8|")
        try able.say("250 ok")
        #expect(try able.sent() == "RCPT TO:<jürgen@xn--bcher-kva.example>|")
    }

    @Test("after its last permitted mail the connection says QUIT and lets a mail that waits to another")
    func limit() throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(mails: [a, b]) { $0.maxMessagesPerConnection = 1 }
        try session.say("250 ok\r\n250 ok\r\n354 go")
        _ = try session.sent()
        try session.say("250 ok")
        #expect(try session.sent() == "QUIT|")
        #expect(session.ends.count == 1)
        #expect(b.renders == 0)
        try session.say("221 bye")
        #expect(!session.channel.isActive)
        #expect(session.ends.count == 1)
    }

    @Test("finish() lets the mails on the way end, takes no more, then says QUIT")
    func finish() throws {
        let (a, b, c) = (TestMail("a"), TestMail("b"), TestMail("c"))
        let session = try EmbeddedSession.ready(mails: [a, b, c])
        try session.say("250 ok\r\n250 ok\r\n354 go")
        session.connection?.finish()
        try session.say("250 ok\r\n250 ok\r\n250 ok\r\n354 go")
        _ = try session.sent()
        try session.say("250 ok")
        #expect([a, b].allSatisfy { $0.result?.receipt != nil })
        #expect(c.renders == 0)
        #expect(try session.sent() == "QUIT|")
    }
}
