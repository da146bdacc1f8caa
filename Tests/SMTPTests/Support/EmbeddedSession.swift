import NIOCore
import NIOEmbedded
import Synchronization

@testable import SMTP

/// A mail with an outcome that can be looked at.
final class TestMail: Sendable {
    struct Withdrawn: Error {}

    private let state = Mutex<(results: [MailResult], renders: Int)>(([], 0))
    let name: String
    let priority: Int
    let body: String?
    let recipient: String

    /// - Parameter body: nil is withdrawn at the last moment.
    init(_ name: String, priority: Int = 0, body: String? = "Subject: x\r\n\r\nhi\r\n", recipient: String = "to@example.com") {
        self.name = name
        self.priority = priority
        self.body = body
        self.recipient = recipient
    }

    var result: MailResult? { state.withLock { $0.results.first } }
    var completions: Int { state.withLock { $0.results.count } }
    var renders: Int { state.withLock { $0.renders } }
    var failure: SMTPFailure? { result?.failure }

    func outgoing() throws -> OutgoingMail {
        OutgoingMail(
            sender: try MailAddress("\(name)@example.com"), recipient: try MailAddress(recipient), priority: priority,
            message: {
                self.state.withLock { $0.renders += 1 }
                guard let body = self.body else { throw Withdrawn() }
                return Array(body.utf8)
            },
            completion: { result in self.state.withLock { $0.results.append(result) } })
    }
}

/// Holds writes back until told, as a full network does.
final class WriteGate: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var isShut = false
    private var isFlushNeeded = false

    func flush(context: ChannelHandlerContext) {
        isFlushNeeded = true
        if !isShut { context.flush() }
    }
}

/// One connection in an embedded channel, the test in the role of server, pool and clock.
final class EmbeddedSession: SMTPConnectionOwner {
    let channel = EmbeddedChannel()
    let gate = WriteGate()
    private(set) var connection: SMTPConnection?
    var queue = MailQueue()
    var isReady = false
    var isIdle = false
    var ends: [SMTPFailure?] = []

    init(_ configure: (inout SMTPConfiguration) -> Void = { _ in }) throws {
        var configuration = SMTPConfiguration(host: "localhost", port: 25, security: .none)
        configure(&configuration)
        let connection = SMTPConnection(configuration: configuration, tls: nil, owner: self)
        self.connection = connection
        try channel.pipeline.syncOperations.addHandlers([gate, connection])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 25)).wait()
    }

    /// As far as the first mail: banner and EHLO with these capabilities.
    static func ready(
        _ capabilities: [String] = ["PIPELINING"], mails: [TestMail] = [], _ configure: (inout SMTPConfiguration) -> Void = { _ in }
    ) throws -> EmbeddedSession {
        let session = try EmbeddedSession(configure)
        for mail in mails { session.queue.append(try mail.outgoing(), at: .uptimeNanoseconds(0)) }
        try session.say("220 hi")
        _ = try session.sent()
        try session.say(
            (["hi"] + capabilities).enumerated().map { "250\($0 == capabilities.count ? " " : "-")\($1)" }.joined(separator: "\r\n"))
        return session
    }

    func say(_ line: String) throws { try channel.writeInbound(ByteBuffer(string: line + "\r\n")) }
    func sayRaw(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    /// What was sent since the last call; line ends shown as `|`.
    func sent() throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text.replacing("\r\n", with: "|")
    }

    func submit(_ mails: [TestMail]) throws {
        for mail in mails { queue.append(try mail.outgoing(), at: .uptimeNanoseconds(0)) }
        isIdle = false
        connection?.work()
    }

    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    func connectionReady(_ connection: SMTPConnection) { isReady = true }
    func nextMail() -> OutgoingMail? { queue.popFirst() }
    func connectionIdle(_ connection: SMTPConnection) { isIdle = true }
    func connectionEnded(_ connection: SMTPConnection, failure: SMTPFailure?) { ends.append(failure) }
    func mailFinished(_ mail: OutgoingMail, _ result: MailResult) { mail.completion(result) }
}
