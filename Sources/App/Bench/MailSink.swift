import NIOCore
import NIOPosix
import Synchronization

/// A mail server that takes everything and keeps nothing but counts and arrival times. It answers pipelined commands in
/// one write, as real servers do.
final class MailSink: Sendable {
    /// When a message was taken whole, by the id in its Message-ID.
    struct Arrivals: Sendable {
        var count = 0
        var times: [String: NIODeadline] = [:]
        var duplicates = 0
        var last: NIODeadline = .uptimeNanoseconds(0)
    }

    private let state = Mutex(Arrivals())
    private let keepsTimes: Bool
    private let channel: any NIOCore.Channel

    var port: Int { channel.localAddress?.port ?? 0 }
    var arrivals: Arrivals { state.withLock { $0 } }
    var count: Int { state.withLock { $0.count } }

    /// - Parameter keepsTimes: notes every message's id and time; costs memory.
    static func start(on group: any EventLoopGroup, keepsTimes: Bool) async throws -> MailSink {
        let box = Mutex<MailSink?>(nil)
        let take: @Sendable (ByteBuffer) -> Void = { message in box.withLock { $0 }?.take(message) }
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 256)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SinkHandler(take: take))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let sink = MailSink(keepsTimes: keepsTimes, channel: channel)
        box.withLock { $0 = sink }
        return sink
    }

    private init(keepsTimes: Bool, channel: any NIOCore.Channel) {
        self.keepsTimes = keepsTimes
        self.channel = channel
    }

    func stop() async {
        try? await channel.close()
    }

    private func take(_ message: ByteBuffer) {
        let now = NIODeadline.now()
        let id = keepsTimes ? Self.communicationID(in: message) : nil
        state.withLock { state in
            state.count += 1
            state.last = now
            guard let id else { return }
            if state.times.updateValue(now, forKey: id) != nil { state.duplicates += 1 }
        }
    }

    private static let header = Array("\nMessage-ID: <".utf8)

    private static func communicationID(in message: ByteBuffer) -> String? {
        message.offset(of: header).map { message.text(at: $0 + header.count, count: 36) }
    }
}

/// One connection: commands until DATA, then everything up to the lone dot.
private final class SinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let end = Array("\r\n.\r\n".utf8)

    private let take: @Sendable (ByteBuffer) -> Void
    private var pending = ByteBuffer()
    private var isInData = false
    private var searched = 0

    init(take: @escaping @Sendable (ByteBuffer) -> Void) {
        self.take = take
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "220 sink ESMTP\r\n")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        pending.writeBuffer(&bytes)
        var answers = ByteBuffer()
        while step(&answers) {}
        pending.discardReadBytes()
        if answers.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(answers), promise: nil) }
    }

    private func step(_ answers: inout ByteBuffer) -> Bool {
        if isInData {
            guard let end = pending.offset(of: Self.end, from: max(0, searched - Self.end.count)) else {
                searched = pending.readableBytes
                return false
            }
            if let message = pending.readSlice(length: end) { take(message) }
            pending.moveReaderIndex(forwardBy: Self.end.count)
            isInData = false
            answers.writeString("250 2.0.0 taken\r\n")
            return true
        }
        guard let newline = pending.offset(of: [UInt8(ascii: "\n")]) else { return false }
        let verb = pending.text(at: 0, count: 4)
        pending.moveReaderIndex(forwardBy: newline + 1)
        switch verb {
        case "EHLO": answers.writeString("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 52428800\r\n")
        case "DATA":
            isInData = true
            searched = 0
            answers.writeString("354 go on\r\n")
        case "QUIT": answers.writeString("221 bye\r\n")
        default: answers.writeString("250 2.1.0 ok\r\n")
        }
        return true
    }
}
