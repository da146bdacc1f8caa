import NIOCore
import NIOEmbedded
import Testing

@testable import SMTP

@Suite("servers that are slow, broken or hostile")
struct HostileServerTests {
    @Test("each phase has its time, and what is late fails as transient")
    func timeouts() throws {
        let silent = try EmbeddedSession { $0.timeouts.banner = .seconds(60) }
        silent.advance(.seconds(59))
        #expect(silent.ends.isEmpty)
        silent.advance(.seconds(1))
        #expect(silent.ends.first??.phase == .banner)

        let noHello = try EmbeddedSession { $0.timeouts.command = .seconds(20) }
        noHello.advance(.seconds(50))
        try noHello.say("220 hi")
        noHello.advance(.seconds(19))
        #expect(noHello.ends.isEmpty)
        noHello.advance(.seconds(1))
        #expect(noHello.ends.first??.phase == .hello)

        let a = TestMail("a")
        let noAnswer = try EmbeddedSession.ready(mails: [a])
        noAnswer.advance(.seconds(59))
        try noAnswer.say("250 ok")
        noAnswer.advance(.seconds(59))
        #expect(a.result == nil)
        noAnswer.advance(.seconds(1))
        #expect(a.failure?.phase == .rcptTo)
        #expect(a.failure?.category == .transient)
    }

    @Test("the final dot is waited for ten minutes, then the outcome is unknown")
    func finalDot() throws {
        let a = TestMail("a")
        let session = try EmbeddedSession.ready(mails: [a])
        try session.say("250 ok\r\n250 ok\r\n354 go")
        session.advance(.seconds(599))
        #expect(a.result == nil)
        session.advance(.seconds(1))
        #expect(a.failure?.outcomeUnknown == true)
        #expect(!session.channel.isActive)
    }

    @Test("a message that does not leave for the network is given up after the data time, safe to repeat")
    func stuckData() throws {
        let a = TestMail("a")
        let session = try EmbeddedSession.ready(mails: [a])
        session.gate.isShut = true
        try session.say("250 ok\r\n250 ok\r\n354 go")
        session.advance(.seconds(119))
        #expect(a.result == nil)
        session.advance(.seconds(1))
        #expect(a.failure?.phase == .body)
        #expect(a.failure?.outcomeUnknown == false)
    }

    @Test("an idle connection says QUIT in time, and leaves when QUIT is not answered")
    func idle() throws {
        let session = try EmbeddedSession.ready()
        #expect(session.isIdle)
        session.advance(.seconds(29))
        #expect(try session.sent() == "")
        session.advance(.seconds(1))
        #expect(try session.sent() == "QUIT|")
        #expect(session.channel.isActive)
        session.advance(.seconds(5))
        #expect(!session.channel.isActive)
        #expect(session.ends.count == 1)
    }

    @Test("an endless banner and an endless reply are cut off")
    func endless() throws {
        let banner = try EmbeddedSession()
        try banner.sayRaw("220 " + String(repeating: "x", count: 5000))
        #expect(banner.ends.first??.phase == .banner)
        let reply = try EmbeddedSession()
        try reply.say("220 hi")
        for _ in 0..<200 where reply.channel.isActive { try reply.say("250-x") }
        #expect(reply.ends.first??.phase == .hello)
        #expect(reply.ends.count == 1)
    }

    @Test(
        "junk instead of a reply fails the mail as transient",
        arguments: [
            "\u{0}\u{0}", "hello", "HTTP/1.1 200 OK", "99 x", "250-a\r\n251 b", "ÿÿÿ", "",
        ])
    func junk(line: String) throws {
        let a = TestMail("a")
        let session = try EmbeddedSession.ready(mails: [a])
        try session.say(line)
        #expect(a.failure?.category == .transient)
        #expect(a.failure?.outcomeUnknown == false)
        #expect(a.completions == 1)
        #expect(!session.channel.isActive)
    }

    @Test("an answer to a message that has not been sent is a breach, not a delivery")
    func earlyAcceptance() throws {
        let a = TestMail("a")
        let session = try EmbeddedSession.ready(mails: [a])
        _ = try session.sent()
        try session.say("250 ok\r\n250 ok\r\n354 go\r\n250 taken")
        #expect(a.failure?.category == .transient)
        #expect(try session.sent() == "")
        #expect(!session.channel.isActive)
    }

    @Test(
        "an answer to half a message: a refusal stands, an acceptance does not, 421 means slow down",
        arguments: [
            ("552 5.3.4 too big", SMTPFailure.Category.invalidInput), ("250 taken", .transient), ("421 4.3.2 closing", .rateLimit),
        ])
    func halfMessage(reply: String, category: SMTPFailure.Category) throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(mails: [a, b])
        session.gate.isShut = true
        try session.say("250 ok\r\n250 ok\r\n354 go")
        try session.say(reply)
        #expect(a.failure?.category == category)
        #expect(a.failure?.outcomeUnknown == false)
        #expect(b.failure?.category == .transient)
        #expect(!session.channel.isActive)
        #expect([a, b].map(\.completions) == [1, 1])
    }

    @Test("replies to nothing: after a mail is accepted the mail stands and the connection ends")
    func outOfTurn() throws {
        let (a, b) = (TestMail("a"), TestMail("b"))
        let session = try EmbeddedSession.ready(["SIZE"], mails: [a, b])
        for reply in ["250 ok", "250 ok", "354 go"] { try session.say(reply) }
        _ = try session.sent()
        try session.say("250 taken\r\n250 more")
        #expect(a.result?.receipt != nil)
        #expect(b.renders == 0)
        #expect(!session.channel.isActive)
        let idle = try EmbeddedSession.ready()
        try idle.sayRaw("25")
        #expect(idle.ends.first??.phase == .queue)
    }

    @Test("plaintext behind the reply to STARTTLS, or no STARTTLS at all, ends the session without a word of credentials")
    func startTLS() throws {
        for hello in ["250-hi\r\n250-STARTTLS\r\n250 AUTH PLAIN", "250-hi\r\n250 AUTH PLAIN"] {
            let session = try EmbeddedSession {
                $0.security = .startTLS
                $0.credentials = .password(username: "user", password: "secret")
            }
            try session.say("220 hi")
            try session.say(hello)
            if session.channel.isActive { try session.sayRaw("220 go\r\n250-hi\r\n250 AUTH PLAIN\r\n") }
            #expect(session.ends.first??.phase == .startTLS)
            #expect(!session.channel.isActive)
            let sent = try session.sent()
            #expect(sent == "EHLO localhost|STARTTLS|" || sent == "EHLO localhost|")
        }
    }

    @Test("421 while idle, or cut in two after an acceptance, is an orderly end")
    func closingWhileIdle() throws {
        let idle = try EmbeddedSession.ready()
        try idle.say("421 idle too long")
        #expect(idle.ends.first??.code == 421)
        let a = TestMail("a")
        let session = try EmbeddedSession.ready(mails: [a, TestMail("b")]) { $0.usesPipelining = false }
        for reply in ["250 ok", "250 ok", "354 go"] { try session.say(reply) }
        _ = try session.sent()
        try session.sayRaw("250 taken\r\n421 clo")
        #expect(a.result?.receipt != nil)
        #expect(try session.sent() == "")
        try session.sayRaw("sing\r\n")
        #expect(session.ends.first??.code == 421)
    }

    @Test("codes of the wrong kind in every place never accept a mail", arguments: ["250", "354", "220", "334", "199", "503", "451"])
    func wrongCodes(code: String) throws {
        for position in 0..<3 {
            let a = TestMail("a")
            let session = try EmbeddedSession.ready(mails: [a])
            var replies = ["250 ok", "250 ok", "354 go"]
            guard !replies[position].hasPrefix(code), !(code == "220" && position < 2) else { continue }
            replies[position] = "\(code) odd"
            for reply in replies where session.channel.isActive { try session.say(reply) }
            if session.channel.isActive, a.result == nil { try session.say("250 whatever") }
            #expect(a.failure != nil, "\(code) at \(position)")
            #expect(a.failure?.outcomeUnknown == false)
            #expect(a.completions == 1)
        }
    }

    @Test("random bytes never crash a connection and every mail gets exactly one outcome")
    func random() throws {
        let words = [
            "220 x\r\n", "250 ok\r\n", "250-", "354 go\r\n", "421 bye\r\n", "550 5.1.1 no\r\n", "\r\n", "\n", "\u{0}", "2", "235 ok\r\n",
            "334 \r\n", "250-PIPELINING\r\n250 SIZE 5\r\n", "451", " ", "é", "503 x\r\n250 y\r\n", "221 bye\r\n",
        ]
        for _ in 0..<3000 {
            let mails = [TestMail("a"), TestMail("b", body: nil), TestMail("c")]
            let session = try EmbeddedSession { $0.maxMessagesPerConnection = 2 }
            for mail in mails { session.queue.append(try mail.outgoing(), at: .uptimeNanoseconds(0)) }
            if Bool.random() {
                try session.say("220 hi\r\n")
                try session.say("250-hi\r\n250 PIPELINING")
            }
            for _ in 0..<Int.random(in: 0..<30) where session.channel.isActive {
                session.gate.isShut = Int.random(in: 0..<4) == 0
                try session.sayRaw(words.randomElement() ?? "")
            }
            if session.channel.isActive { session.connection?.abort(SMTPFailure(.transient, phase: .queue, text: "end")) }
            while let waiting = session.queue.popFirst() {
                waiting.completion(.failure(SMTPFailure(.transient, phase: .queue, text: "left")))
            }
            #expect(mails.allSatisfy { $0.completions == 1 })
            #expect(session.ends.count == 1)
        }
    }
}
