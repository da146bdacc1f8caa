import NIOCore
import NIOPosix
import Synchronization

/// An SMTP server that refuses, closes and vanishes at random, and keeps a ledger of the mails it took.
final class FlakyServer: Sendable {
    let ledger = Ledger()
    let port: Int
    private let channel: any Channel

    /// Recipients in order of acceptance.
    final class Ledger: Sendable {
        private let recipients = Mutex<[String]>([])
        func add(_ recipient: String) { recipients.withLock { $0.append(recipient) } }
        var all: [String] { recipients.withLock { $0 } }
    }

    init() async throws {
        let ledger = ledger
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Session(ledger)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func stop() async throws { try await channel.close() }

    private final class Session: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let ledger: Ledger
        private var input = ByteBuffer()
        private var output = ByteBuffer()
        private var recipient: String?
        private var hasSender = false
        private var isInMessage = false
        private var isGone = false

        init(_ ledger: Ledger) { self.ledger = ledger }

        func channelActive(context: ChannelHandlerContext) {
            output.writeString("220 flaky\r\n")
            flush(context)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            input.writeImmutableBuffer(unwrapInboundIn(data))
            while !isGone, let end = input.readableBytesView.firstIndex(of: 0x0A) {
                let line = input.readString(length: end - input.readerIndex + 1) ?? ""
                receive(line, context)
            }
            flush(context)
        }

        private func receive(_ line: String, _ context: ChannelHandlerContext) {
            if Int.random(in: 0..<400) == 0 { return vanish(context) }
            if isInMessage {
                if line == ".\r\n" { endOfMessage(context) }
                return
            }
            if Int.random(in: 0..<200) == 0 {
                output.writeString("421 4.3.2 closing\r\n")
                return vanish(context)
            }
            let isRefused = Int.random(in: 0..<40) == 0
            switch line.prefix(4) {
            case "EHLO": output.writeString("250-flaky\r\n250 PIPELINING\r\n")
            case "MAIL", "RSET":
                recipient = nil
                hasSender = !isRefused
                output.writeString(isRefused ? "451 4.3.0 not now\r\n" : "250 ok\r\n")
            case "RCPT":
                guard hasSender else { return refuse("503 5.5.1 MAIL first\r\n") }
                if !isRefused { recipient = String(line.dropFirst(9).prefix { $0 != ">" }) }
                output.writeString(isRefused ? "550 5.1.1 nobody\r\n" : "250 ok\r\n")
            case "DATA":
                isInMessage = recipient != nil || Bool.random()
                output.writeString(isInMessage ? "354 go\r\n" : "503 no recipients\r\n")
            case "QUIT":
                output.writeString("221 bye\r\n")
                vanish(context)
            default: output.writeString("500 what\r\n")
            }
        }

        private func endOfMessage(_ context: ChannelHandlerContext) {
            isInMessage = false
            guard let recipient else { return refuse("554 no recipients\r\n") }
            if Int.random(in: 0..<30) == 0 { return refuse("552 5.7.0 no\r\n") }
            ledger.add(recipient)
            if Int.random(in: 0..<100) == 0 { return vanish(context) }
            output.writeString("250 2.0.0 taken\r\n")
        }

        private func refuse(_ line: String) { output.writeString(line) }

        private func vanish(_ context: ChannelHandlerContext) {
            isGone = true
            if Bool.random() { flush(context) }
            context.close(promise: nil)
        }

        private func flush(_ context: ChannelHandlerContext) {
            if output.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
            output.clear()
        }
    }
}
