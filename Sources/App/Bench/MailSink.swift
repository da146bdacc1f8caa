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
        let take: @Sendable (ByteBufferView) -> Void = { message in box.withLock { $0 }?.take(message) }
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

    private func take(_ message: ByteBufferView) {
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

    private static func communicationID(in message: ByteBufferView) -> String? {
        guard let start = message.firstRange(of: header)?.upperBound else { return nil }
        return String(decoding: message[start...].prefix(36), as: UTF8.self)
    }
}

/// One connection: commands until DATA, then everything up to the lone dot.
private final class SinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let end = Array("\r\n.\r\n".utf8)

    private let take: @Sendable (ByteBufferView) -> Void
    private var pending = ByteBuffer()
    private var isInData = false
    private var searched = 0

    init(take: @escaping @Sendable (ByteBufferView) -> Void) {
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
        let view = pending.readableBytesView
        if isInData {
            let from = view.startIndex + max(0, searched - Self.end.count)
            guard let end = view[from...].firstRange(of: Self.end) else {
                searched = view.count
                return false
            }
            take(view[..<end.lowerBound])
            pending.moveReaderIndex(forwardBy: end.upperBound - view.startIndex)
            isInData = false
            answers.writeString("250 2.0.0 taken\r\n")
            return true
        }
        guard let newline = view.firstIndex(of: UInt8(ascii: "\n")) else { return false }
        let verb = view.prefix(4).map { $0 & 0xDF }
        pending.moveReaderIndex(forwardBy: newline + 1 - view.startIndex)
        switch verb {
        case Array("EHLO".utf8): answers.writeString("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 52428800\r\n")
        case Array("DATA".utf8):
            isInData = true
            searched = 0
            answers.writeString("354 go on\r\n")
        case Array("QUIT".utf8): answers.writeString("221 bye\r\n")
        default: answers.writeString("250 2.1.0 ok\r\n")
        }
        return true
    }
}
