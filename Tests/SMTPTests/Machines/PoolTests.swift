import NIOCore
import NIOEmbedded
import Testing

@testable import SMTP

@Suite("the pool")
struct PoolTests {
    struct Refused: Error {}

    /// A pool on an embedded loop; every connection is an embedded channel in which the test is the server.
    final class World {
        let loop = EmbeddedEventLoop()
        let counters = PoolCounters()
        var channels: [EmbeddedChannel] = []
        var isDown = false
        var attempts = 0
        private(set) var core: PoolCore?
        private static let address = try? SocketAddress(ipAddress: "127.0.0.1", port: 25)

        init(_ configure: (inout SMTPConfiguration) -> Void = { _ in }) {
            var configuration = SMTPConfiguration(host: "localhost", port: 25, security: .none)
            configuration.maxConnections = 2
            configure(&configuration)
            let settings = configuration
            core = PoolCore(
                configuration: configuration, eventLoop: loop, counters: counters,
                makeConnection: { SMTPConnection(configuration: settings, tls: nil, owner: $0) },
                connect: { connection in self.connect(connection) })
        }

        private func connect(_ connection: SMTPConnection) -> EventLoopFuture<any Channel> {
            attempts += 1
            if isDown { return loop.makeFailedFuture(Refused()) }
            let channel = EmbeddedChannel(handler: connection, loop: loop)
            channels.append(channel)
            if let address = Self.address { channel.connect(to: address, promise: nil) }
            return loop.makeSucceededFuture(channel)
        }

        func submit(_ mails: [TestMail]) throws { core?.submit(try mails.map { try $0.outgoing() }) }

        func sent(_ index: Int) throws -> String {
            var text = ""
            while let buffer = try channels[index].readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
            return text.replacing("\r\n", with: "|")
        }

        func say(_ index: Int, _ lines: String...) throws {
            for line in lines { try channels[index].writeInbound(ByteBuffer(string: line + "\r\n")) }
        }

        func makeReady(_ index: Int) throws {
            try say(index, "220 hi", "250-hi\r\n250 PIPELINING")
        }

        /// Answers whatever mail is on the connection.
        func accept(_ index: Int) throws {
            try say(index, "250 ok\r\n250 ok\r\n354 go", "250 ok")
        }

        var snapshot: PoolSnapshot { counters.snapshot(plusWaiting: 0) }
    }

    private func senders(_ text: String) -> [String] {
        text.split(separator: "|").filter { $0.hasPrefix("MAIL") }.map { String($0.dropFirst(11).prefix { $0 != "@" }) }
    }

    @Test("connections open on demand, no more than allowed, and lower numbers go first in order of arrival")
    func priorities() throws {
        let world = World { $0.maxConnections = 1 }
        #expect(world.attempts == 0)
        let mails = [("a", 2), ("b", 1), ("c", 2), ("d", 0), ("e", 1)].map { TestMail($0.0, priority: $0.1) }
        try world.submit(mails)
        #expect(world.attempts == 1)
        #expect(world.snapshot == PoolSnapshot(open: 1, busy: 0, waiting: 5, inFlight: 0))
        try world.makeReady(0)
        var order = senders(try world.sent(0))
        for _ in 0..<5 {
            try world.accept(0)
            order += senders(try world.sent(0))
        }
        #expect(order == ["d", "b", "e", "a", "c"])
        #expect(mails.allSatisfy { $0.result?.receipt != nil })
        #expect(world.snapshot == PoolSnapshot(open: 1, busy: 0, waiting: 0, inFlight: 0))
        // An idle connection takes the next mail without a new one being opened.
        try world.submit([TestMail("f")])
        #expect(senders(try world.sent(0)) == ["f"])
        #expect(world.attempts == 1)
    }

    @Test("one mail opens one connection; many open as many as allowed, once the first is known to work")
    func demand() throws {
        let world = World { $0.maxConnections = 3 }
        try world.submit([TestMail("a")])
        #expect(world.attempts == 1)
        try world.submit((0..<9).map { TestMail("m\($0)") })
        #expect(world.attempts == 1)
        try world.makeReady(0)
        #expect(world.attempts == 3)
    }

    @Test("while the server is down mails wait 30 seconds, one attempt at a time, then fail as transient")
    func outage() throws {
        let world = World()
        world.isDown = true
        let early = TestMail("a")
        try world.submit([early])
        world.loop.advanceTime(by: .seconds(20))
        let late = TestMail("b")
        try world.submit([late])
        #expect(early.result == nil)
        let attempts = world.attempts
        #expect(attempts > 3 && attempts < 10)
        world.loop.advanceTime(by: .seconds(11))
        #expect(early.failure?.category == .transient)
        #expect(early.failure?.phase == .connect)
        #expect(late.result == nil)
        world.loop.advanceTime(by: .seconds(20))
        #expect(late.failure?.category == .transient)
        #expect([early, late].map(\.completions) == [1, 1])
    }

    @Test("mails that wait out a short outage are sent when the server is back")
    func recovery() throws {
        let world = World()
        world.isDown = true
        let mail = TestMail("a")
        try world.submit([mail])
        world.loop.advanceTime(by: .seconds(3))
        world.isDown = false
        world.loop.advanceTime(by: .seconds(5))
        #expect(world.channels.count == 1)
        try world.makeReady(0)
        try world.accept(0)
        #expect(mail.result?.receipt != nil)
    }

    @Test("a server that hangs up during the greeting counts as down")
    func hangsUp() throws {
        let world = World { $0.maxConnections = 1 }
        let mail = TestMail("a")
        try world.submit([mail])
        for _ in 0..<60 {
            if let channel = world.channels.last, channel.isActive { try world.say(world.channels.count - 1, "554 go away") }
            world.loop.advanceTime(by: .seconds(1))
        }
        #expect(mail.failure?.category == .transient)
        #expect(mail.failure?.code == 554)
        #expect(mail.failure?.phase == .banner)
        #expect(world.attempts < 12)
    }

    @Test("wrong credentials fail all waiting mails, and those handed in before the next attempt")
    func authentication() throws {
        let world = World { $0.credentials = .password(username: "u", password: "p") }
        let mails = (0..<3).map { TestMail("m\($0)") }
        try world.submit(mails)
        try world.say(0, "220 hi", "250-hi\r\n250 AUTH PLAIN", "535 5.7.8 no")
        #expect(mails.allSatisfy { $0.failure?.category == .authFailure })
        let late = TestMail("late")
        try world.submit([late])
        #expect(late.failure?.category == .authFailure)
        world.loop.advanceTime(by: .seconds(60))
        let later = TestMail("later")
        let attempts = world.attempts
        try world.submit([later])
        #expect(later.result == nil)
        #expect(world.attempts == attempts + 1)
    }

    @Test("a server that limits connections slows the opening but not the mails on the one it allows")
    func connectionLimit() throws {
        let world = World()
        let mails = (0..<4).map { TestMail("m\($0)") }
        try world.submit(mails)
        try world.makeReady(0)
        try world.say(1, "421 4.7.0 too many connections")
        for _ in 0..<4 { try world.accept(0) }
        #expect(mails.allSatisfy { $0.result?.receipt != nil })
    }

    @Test("a dropped connection is replaced while mails wait")
    func replacement() throws {
        let world = World { $0.maxConnections = 1 }
        let mails = (0..<4).map { TestMail("m\($0)") }
        try world.submit(Array(mails.prefix(3)))
        try world.makeReady(0)
        try world.say(0, "250 ok\r\n250 ok\r\n354 go", "421 closing")
        #expect(mails[0].failure?.category == .rateLimit)
        #expect(mails[1].failure?.category == .transient)
        // 421 asks for a pause; a connection that is merely lost is replaced at once.
        #expect(world.channels.count == 1)
        world.loop.advanceTime(by: .milliseconds(500))
        #expect(world.channels.count == 2)
        try world.makeReady(1)
        try world.channels[1].close().wait()
        #expect(mails[2].failure?.category == .transient)
        try world.submit([mails[3]])
        try world.makeReady(2)
        try world.accept(2)
        #expect(mails[3].result?.receipt != nil)
    }

    @Test("stop: what waits fails as transient, what is on the way ends, then QUIT; nothing is taken afterwards")
    func stop() throws {
        let world = World { $0.maxConnections = 1 }
        let mails = (0..<3).map { TestMail("m\($0)") }
        try world.submit(mails)
        try world.makeReady(0)
        _ = try world.sent(0)
        var isStopped = false
        world.core?.stop { isStopped = true }
        #expect(mails[1].failure?.category == .transient)
        #expect(mails[1].failure?.withdrawn == false)
        #expect(mails[0].result == nil)
        let late = TestMail("late")
        try world.submit([late])
        #expect(late.failure?.category == .transient)
        try world.accept(0)
        #expect(mails[0].result?.receipt != nil)
        #expect(try world.sent(0).hasSuffix("QUIT|"))
        #expect(!isStopped)
        try world.say(0, "221 bye")
        world.loop.run()
        #expect(isStopped)
        #expect(mails.map(\.completions) == [1, 1, 1])
        #expect(world.snapshot == PoolSnapshot(open: 0, busy: 0, waiting: 0, inFlight: 0))
    }

    @Test("a stop whose deadline passes cuts the mail off with an unknown outcome after its final dot")
    func abort() throws {
        let world = World { $0.maxConnections = 1 }
        let mails = (0..<2).map { TestMail("m\($0)") }
        try world.submit(mails)
        try world.makeReady(0)
        try world.say(0, "250 ok\r\n250 ok\r\n354 go")
        var isStopped = false
        world.core?.stop { isStopped = true }
        world.core?.abort()
        world.loop.run()
        #expect(isStopped)
        #expect(mails[0].failure?.outcomeUnknown == true)
        #expect(mails[1].failure?.outcomeUnknown == false)
        #expect(mails.map(\.completions) == [1, 1])
    }

    @Test("a configuration that cannot work fails its mails at once and says why")
    func badConfiguration() throws {
        let world = World { $0.clientName = "bad name" }
        let mail = TestMail("a")
        try world.submit([mail])
        #expect(mail.failure?.category == .invalidInput)
        #expect(world.attempts == 0)
    }

    @Test("the queue keeps order and count over many priorities")
    func queue() throws {
        var queue = MailQueue()
        let now = NIODeadline.uptimeNanoseconds(5)
        for index in 0..<500 { queue.append(try TestMail("m\(index)", priority: (index * 37) % 101 - 50).outgoing(), at: now) }
        var last = (priority: Int.min, index: -1)
        for left in stride(from: 499, through: 0, by: -1) {
            let first = queue.popFirst()
            let mail = try #require(first)
            let index = try #require(Int(mail.sender?.localPart.dropFirst() ?? ""))
            #expect((mail.priority, index) > (last.priority, last.index))
            last = (mail.priority, index)
            #expect(queue.count == left)
        }
        #expect(queue.isEmpty)
    }
}
