import NIOCore
import NIOEmbedded
import Synchronization

@testable import RESP

/// One question and what became of it.
final class Question: Sendable {
    private let results = Mutex<[Result<[RESPValue], RESPError>]>([])

    var result: Result<[RESPValue], RESPError>? { results.withLock(\.first) }
    var completions: Int { results.withLock(\.count) }
    var answer: RESPValue? { try? result?.get().first }
    var failure: RESPError? {
        guard case .failure(let error)? = result else { return nil }
        return error
    }

    func request(_ commands: [[RESPArgument]]) -> RedisRequest {
        var bytes = ByteBuffer()
        for command in commands { RESPCommand.write(command, to: &bytes) }
        return RedisRequest(bytes: bytes, count: commands.count) { result in self.results.withLock { $0.append(result) } }
    }
}

/// A pool on an embedded loop; every connection is an embedded channel in which the test is the server.
final class EmbeddedPool {
    struct Refused: Error {}

    let loop = EmbeddedEventLoop()
    var channels: [EmbeddedChannel] = []
    var isDown = false
    private(set) var attempts = 0
    private(set) var snapshot = RedisPoolSnapshot()
    private(set) var core: RedisPoolCore?

    init(_ configure: (inout RedisConfiguration) -> Void = { _ in }) {
        var configuration = RedisConfiguration(host: "localhost")
        configuration.maxConnections = 2
        configuration.commandTimeout = .milliseconds(100)
        configuration.connectTimeout = .seconds(2)
        configure(&configuration)
        let settings = configuration
        core = RedisPoolCore(
            configuration: configuration, eventLoop: loop, random: { 0.5 }, publish: { self.snapshot = $0 },
            makeConnection: { RedisConnection(configuration: settings, tls: nil, owner: $0) }, connect: { self.connect($0) })
    }

    private func connect(_ connection: RedisConnection) -> EventLoopFuture<any Channel> {
        attempts += 1
        if isDown { return loop.makeFailedFuture(Refused()) }
        let channel = EmbeddedChannel(handler: connection, loop: loop)
        channels.append(channel)
        if let address = try? SocketAddress(ipAddress: "127.0.0.1", port: 6379) { channel.connect(to: address, promise: nil) }
        return loop.makeSucceededFuture(channel)
    }

    func ask(_ words: String...) -> Question {
        let question = Question()
        core?.submit([question.request([words.map { RESPArgument($0) }])])
        return question
    }

    func askTogether(_ commands: [[RESPArgument]]) -> Question {
        let question = Question()
        core?.submit([question.request(commands)])
        return question
    }

    /// The server's words; line ends written as `|`.
    func say(_ index: Int, _ text: String) throws {
        try channels[index].writeInbound(ByteBuffer(string: text.replacing("|", with: "\r\n")))
    }

    /// Answers HELLO.
    func makeReady(_ index: Int) throws {
        _ = try sent(index)
        try say(index, "%1|+proto|:3|")
    }

    /// The words that were sent since the last call.
    func sent(_ index: Int) throws -> [String] {
        var text = ""
        while let buffer = try channels[index].readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text.split(separator: "\r\n").map(String.init).filter { !$0.hasPrefix("*") && !$0.hasPrefix("$") }
    }

    func advance(_ time: TimeAmount) { loop.advanceTime(by: time) }
}
