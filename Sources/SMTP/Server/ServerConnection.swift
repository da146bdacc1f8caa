import NIOCore
import NIOSSL

/// One client of an ``SMTPListener``: bytes to commands and back, with a clock on everything that a client could draw out.
final class ServerConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case commands, data, settling, closing
    }

    private let configuration: SMTPListenerConfiguration
    private let take: @Sendable (ReceivedMail) async -> MailDisposition
    private let remoteAddress: String?
    private var session: ServerSession
    private var phase = Phase.commands
    private var input = ByteBuffer()
    private var message: DataReader
    private var isReadWanted = false
    private var timer: Scheduled<Void>?
    private var lifetime: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    private var isStopping = false

    init(
        _ configuration: SMTPListenerConfiguration, remoteAddress: String?, accepts: @escaping @Sendable (String) -> Bool,
        take: @escaping @Sendable (ReceivedMail) async -> MailDisposition
    ) {
        self.configuration = configuration
        self.take = take
        self.remoteAddress = remoteAddress
        message = DataReader(keptBytes: configuration.keptBytes, maxBytes: configuration.maxMessageBytes)
        session = ServerSession(
            hostName: configuration.hostName,
            limits: ServerSession.Limits(
                maxMessageBytes: configuration.maxMessageBytes, maxRecipients: configuration.maxRecipients,
                maxErrors: configuration.maxErrors, maxIdleCommands: configuration.maxIdleCommands, maxMessages: configuration.maxMessages),
            offersTLS: configuration.tls != nil, accepts: accepts)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard lifetime == nil else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        lifetime = context.eventLoop.scheduleTask(in: configuration.connectionTimeout) { bound.value.expire() }
        send(ServerReply(220, "\(configuration.hostName) ESMTP"), context)
        context.flush()
        arm(configuration.commandTimeout, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closing
        timer?.cancel()
        lifetime?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        phase = .closing
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .closing else { return }
        var bytes = unwrapInboundIn(data)
        if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
        proceed(context)
    }

    /// While a message is being settled, nothing more is read: what the client sends waits in its own buffers.
    func read(context: ChannelHandlerContext) {
        if phase == .settling { isReadWanted = true } else { context.read() }
    }

    // MARK: Commands

    private func proceed(_ context: ChannelHandlerContext) {
        var hasMoved = false
        while phase == .commands || phase == .data {
            if phase == .data {
                guard readData(context) else { break }
            } else {
                guard let line = nextLine(context) else { break }
                perform(line, context)
            }
            hasMoved = true
        }
        if input.readableBytes == 0 { input.clear(minimumCapacity: 0) }
        context.flush()
        if hasMoved, phase == .commands { arm(configuration.commandTimeout, context) }
    }

    /// Nil: the command is not whole yet, or the connection ends.
    private func nextLine(_ context: ChannelHandlerContext) -> ByteBufferView? {
        guard let end = input.readableBytesView.prefix(configuration.maxCommandBytes).firstIndex(of: 0x0A) else {
            if input.readableBytes >= configuration.maxCommandBytes { finish(.lineTooLong, context) }
            return nil
        }
        let length = end - input.readerIndex + 1
        return input.readSlice(length: length)?.readableBytesView
    }

    private func perform(_ line: ByteBufferView, _ context: ChannelHandlerContext) {
        // A command ends with CRLF; whatever ends otherwise is none.
        let isWhole = line.count >= 2 && line.dropLast().last == 0x0D
        switch isWhole ? session.command(line.dropLast(2)) : session.badLine() {
        case .reply(let reply): send(reply, context)
        case .end(let reply): finish(reply, context)
        case .data(let reply):
            send(reply, context)
            phase = .data
            message = DataReader(keptBytes: configuration.keptBytes, maxBytes: configuration.maxMessageBytes)
            arm(configuration.dataTimeout, context)
        case .startTLS(let reply): startTLS(reply, context)
        }
    }

    private func startTLS(_ reply: ServerReply, _ context: ChannelHandlerContext) {
        // What stands behind it was sent in clear by who knows whom.
        guard input.readableBytes == 0, let tls = configuration.tls else {
            finish(ServerReply(501, "5.5.4 nothing may follow STARTTLS"), context)
            return
        }
        send(reply, context)
        context.flush()
        do {
            try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
            session.encrypted()
        } catch {
            phase = .closing
            context.close(promise: nil)
        }
    }

    // MARK: Messages

    /// True when the message is whole.
    private func readData(_ context: ChannelHandlerContext) -> Bool {
        guard input.readableBytes > 0 else { return false }
        switch message.read(&input) {
        case .more: return false
        case .tooLarge:
            finish(.messageTooLarge, context)
            return false
        case .ended:
            settle(context)
            return true
        }
    }

    private func settle(_ context: ChannelHandlerContext) {
        phase = .settling
        timer?.cancel()
        let mail = ReceivedMail(
            sender: session.sender ?? "", recipients: session.recipients, bytes: message.kept, size: message.size,
            remoteAddress: remoteAddress, isEncrypted: session.isEncrypted)
        message = DataReader(keptBytes: 0, maxBytes: 0)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let (loop, take) = (context.eventLoop, take)
        Task {
            let disposition = await take(mail)
            loop.execute { bound.value.settled(disposition) }
        }
    }

    private func settled(_ disposition: MailDisposition) {
        guard phase == .settling, let context else { return }
        switch session.settled(disposition) {
        case .end(let reply): finish(reply, context)
        case .reply(let reply), .data(let reply), .startTLS(let reply):
            send(reply, context)
            phase = .commands
            if isStopping { finish(.closing, context) }
        }
        context.flush()
        guard phase == .commands else { return }
        arm(configuration.commandTimeout, context)
        proceed(context)
        if isReadWanted, phase != .settling {
            isReadWanted = false
            context.read()
        }
    }

    // MARK: Time and end

    private func arm(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) { bound.value.expire() }
    }

    private func expire() {
        guard let context, phase != .closing else { return }
        finish(.timeout, context)
        context.flush()
    }

    /// The listener stops: whoever has a message being settled gets its answer first.
    func stop() {
        isStopping = true
        guard let context, phase == .commands || phase == .data else { return }
        finish(.closing, context)
        context.flush()
    }

    private func send(_ reply: ServerReply, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(context.channel.allocator.buffer(string: reply.text)), promise: nil)
    }

    /// The last reply. Whoever does not take it within a moment loses it.
    private func finish(_ reply: ServerReply, _ context: ChannelHandlerContext) {
        phase = .closing
        timer?.cancel()
        input.clear()
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: reply.text))).whenComplete { _ in
            channel.close(promise: nil)
        }
        context.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
    }
}
