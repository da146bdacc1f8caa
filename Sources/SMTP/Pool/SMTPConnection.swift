import NIOCore
import NIOSSL
import NIOTLS

/// One connection: moves bytes between the channel and the two machines, keeps the clock, and pulls mails from its owner.
final class SMTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Stage { case setup, mail, quitting, ended }

    private let configuration: SMTPConfiguration
    private let tls: NIOSSLContext?
    private var owner: (any SMTPConnectionOwner)?
    private(set) var setup: SessionSetup
    private var pipeline: MailPipeline
    private var parser = ReplyParser()
    private var stage = Stage.setup
    private var context: ChannelHandlerContext?
    private var output = ByteBuffer()
    private var clock = PhaseClock()
    private var mailsStarted = 0
    private var messagesWritten = 0
    private var messagesFlushed = 0
    private var stopsWhenIdle = false
    private var ownerKnowsEnd = false
    private var wasReady = false

    /// - Parameter tls: needed unless the configuration's security is `.none`.
    init(configuration: SMTPConfiguration, tls: NIOSSLContext?, owner: any SMTPConnectionOwner) {
        self.configuration = configuration
        self.tls = tls
        self.owner = owner
        setup = SessionSetup(configuration: configuration)
        pipeline = MailPipeline(capabilities: ServerCapabilities(), usesPipelining: false)
    }

    var isSettingUp: Bool { !wasReady }

    // MARK: Commands from the owner

    /// Takes mail from the owner if the connection is free.
    func work() {
        guard stage == .mail, pipeline.isIdle else { return }
        takeMail()
        flush()
    }

    /// Takes no more mail, finishes what is on the way, then says QUIT.
    func finish() {
        stopsWhenIdle = true
        switch stage {
        case .setup: end(nil)
        case .mail where pipeline.isIdle: quit()
        case .mail, .quitting, .ended: break
        }
    }

    /// Closes at once; mails on the way are lost.
    func abort(_ failure: SMTPFailure) { end(failure) }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard stage != .ended else { return }
        parser.append(unwrapInboundIn(data))
        do throws(ReplyParser.Violation) {
            while stage != .ended, let reply = try parser.next() { receive(reply) }
            if stage == .mail, pipeline.isIdle, parser.hasUnreadBytes, !parser.unreadBytesBegin(with: "421") {
                end(SMTPFailure(.transient, phase: .queue, text: "the server spoke out of turn"))
            }
        } catch {
            end(SMTPFailure(.transient, phase: currentPhase, text: "the server's reply breaks the protocol: \(error)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, stage == .setup {
            if let action = setup.tlsEstablished() { perform(action) }
            armForSetup()
            flush()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(SMTPFailure(.transient, phase: currentPhase, text: "the connection failed: \(error)", underlying: error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(SMTPFailure(.transient, phase: currentPhase, text: "the server closed the connection"))
        self.context = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(SMTPFailure(.transient, phase: currentPhase, text: "the connection was removed"))
        self.context = nil
    }

    // MARK: Setup

    private func start(_ context: ChannelHandlerContext) {
        if stage == .ended { return context.close(promise: nil) }
        guard stage == .setup, !clock.isRunning else { return }
        if configuration.security == .implicit { startHandshake() }
        armForSetup()
    }

    private func receive(_ reply: Reply) {
        switch stage {
        case .setup:
            perform(setup.receive(reply, hasMoreInput: parser.hasUnreadBytes))
            armForSetup()
        case .mail:
            receiveForMail(reply)
        case .quitting:
            end(nil)
        case .ended:
            break
        }
    }

    private func perform(_ action: SessionSetup.Action) {
        switch action {
        case .send(let line):
            output.writeString(line)
            output.writeStaticString("\r\n")
        case .startHandshake:
            startHandshake()
        case .fetchToken:
            fetchToken()
        case .ready:
            stage = .mail
            wasReady = true
            pipeline = MailPipeline(capabilities: setup.capabilities, usesPipelining: configuration.usesPipelining)
            owner?.connectionReady(self)
            guard stage == .mail else { return }
            if stopsWhenIdle { quit() } else { takeMail() }
        case .fail(let failure):
            end(failure)
        }
    }

    private func startHandshake() {
        guard let context, let tls else {
            return end(SMTPFailure(.transient, phase: .tls, text: "TLS is not configured"))
        }
        flush()
        do {
            let handler = try TLSHandlers.client(tls, configuration: configuration)
            try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
        } catch {
            end(SMTPFailure(.transient, phase: .tls, text: "TLS could not be started: \(error)", underlying: error))
        }
    }

    private func fetchToken() {
        guard let context, case .oauth2(_, let token) = configuration.credentials else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        Task {
            let result: Result<String, any Error>
            do { result = .success(try await token()) } catch { result = .failure(error) }
            eventLoop.execute { bound.value.tokenArrived(result) }
        }
    }

    private func tokenArrived(_ result: Result<String, any Error>) {
        guard stage == .setup else { return }
        perform(setup.tokenArrived(result))
        armForSetup()
        flush()
    }

    // MARK: Mail

    private func receiveForMail(_ reply: Reply) {
        if pipeline.isAccepting, messagesFlushed < messagesWritten { return receiveEarly(reply) }
        switch pipeline.receive(reply, hasMoreInput: parser.hasUnreadBytes, into: &output) {
        case .wait:
            arm(configuration.timeouts.command)
        case .messageWanted(let envelope):
            pipeline.messageWritten()
            write(message: envelope.message)
            if pipeline.canBegin { takeMail() }
        case .finished(let mail, let result):
            owner?.mailFinished(mail, result)
            guard stage == .mail else { return }
            if !pipeline.isIdle {
                arm(configuration.timeouts.command)
            } else if !parser.hasUnreadBytes {
                takeMail()
            }
        case .finishedAndClosing(let mail, let failure):
            owner?.mailFinished(mail, .failure(failure))
            end(failure)
        case .broken(let failure):
            end(failure)
        }
    }

    /// The server answered before the whole message left. A refusal stands; an acceptance would be of half a mail. Either way nobody
    /// knows what it makes of the rest, so the connection ends.
    private func receiveEarly(_ reply: Reply) {
        let text = "the server answered before it had the whole message"
        if reply.code >= 400 {
            switch pipeline.receive(reply, hasMoreInput: false, into: &output) {
            case .finished(let mail, let result): owner?.mailFinished(mail, result)
            case .finishedAndClosing(let mail, let failure): owner?.mailFinished(mail, .failure(failure))
            case .wait, .messageWanted, .broken: break
            }
        }
        end(SMTPFailure(.transient, phase: .body, code: reply.code, text: text))
    }

    /// Pulls mails until one can be sent, and writes its envelope. Becomes idle, or quits, when there is none.
    private func takeMail() {
        while stage == .mail, !stopsWhenIdle, mailsStarted < configuration.maxMessagesPerConnection,
            let mail = owner?.nextMail()
        {
            switch MailAdmission.admit(mail, capabilities: setup.capabilities) {
            case .success(let envelope):
                mailsStarted += 1
                let wasIdle = pipeline.isIdle
                pipeline.begin(envelope, into: &output)
                if wasIdle { arm(configuration.timeouts.command) }
                return
            case .failure(let failure):
                owner?.mailFinished(mail, .failure(failure))
            }
        }
        guard stage == .mail, pipeline.isIdle else { return }
        if stopsWhenIdle || mailsStarted >= configuration.maxMessagesPerConnection {
            quit()
        } else {
            arm(configuration.timeouts.idle)
            owner?.connectionIdle(self)
        }
    }

    private func write(message: [UInt8]) {
        guard let context else { return }
        DotStuffing.write(message, into: &output)
        messagesWritten += 1
        let number = messagesWritten
        arm(configuration.timeouts.data)
        let pieceSize = 256 * 1024
        while output.readableBytes > pieceSize, let piece = output.readSlice(length: pieceSize) {
            let progress = context.eventLoop.makePromise(of: Void.self)
            progress.futureResult.assumeIsolated().whenSuccess { self.arm(self.configuration.timeouts.data) }
            context.write(wrapOutboundOut(piece), promise: progress)
        }
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenSuccess { self.messageFlushed(number) }
        // A write of its own, so that its promise tells exactly whether the final dot left.
        context.write(wrapOutboundOut(output), promise: flushed)
        output.clear(minimumCapacity: 512)
    }

    private func messageFlushed(_ number: Int) {
        messagesFlushed = number
        if stage == .mail, pipeline.isAccepting, messagesWritten == number { arm(configuration.timeouts.finalDot) }
    }

    // MARK: Ending

    private func quit() {
        stage = .quitting
        output.writeStaticString("QUIT\r\n")
        flush()
        arm(configuration.timeouts.quit)
        tellEnd(nil)
    }

    /// The one way out: every mail on the connection gets its fate, the owner is told, the channel closes.
    private func end(_ failure: SMTPFailure?) {
        guard stage != .ended else { return }
        stage = .ended
        clock.stop()
        let cause = failure ?? SMTPFailure(.transient, phase: .queue, text: "the connection was closed")
        let lost = pipeline.connectionLost(messageFlushed: messagesFlushed == messagesWritten, cause: cause)
        for (mail, failure) in lost { owner?.mailFinished(mail, .failure(failure)) }
        tellEnd(failure)
        owner = nil
        context?.close(promise: nil)
    }

    private func tellEnd(_ failure: SMTPFailure?) {
        guard !ownerKnowsEnd else { return }
        ownerKnowsEnd = true
        owner?.connectionEnded(self, failure: failure)
    }

    private func flush() {
        guard let context, stage != .ended else { return }
        if output.readableBytes > 0 {
            context.write(wrapOutboundOut(output), promise: nil)
            output.clear(minimumCapacity: 512)
        }
        context.flush()
    }

    // MARK: Time

    private var currentPhase: SMTPFailure.Phase {
        switch stage {
        case .setup: setup.phase
        case .mail, .ended: pipeline.phase
        case .quitting: .quit
        }
    }

    private func armForSetup() {
        guard stage == .setup else { return }
        switch setup.phase {
        case .banner: arm(configuration.timeouts.banner)
        case .tls: arm(configuration.timeouts.tlsHandshake)
        default: arm(configuration.timeouts.command)
        }
    }

    private func arm(_ time: TimeAmount) {
        guard let context, stage != .ended else { return }
        if clock.move(to: context.eventLoop.now + time) { scheduleClock(context) }
    }

    private func scheduleClock(_ context: ChannelHandlerContext) {
        clock.schedule(on: context.eventLoop) { self.timeUp() }
    }

    private func timeUp() {
        guard let context, stage != .ended else { return }
        guard clock.fired(at: context.eventLoop.now) else { return scheduleClock(context) }
        if stage == .mail, pipeline.isIdle { return quit() }
        end(SMTPFailure(.transient, phase: currentPhase, text: "the server did not answer in time"))
    }
}
