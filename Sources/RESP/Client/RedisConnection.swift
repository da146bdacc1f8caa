import NIOCore
import NIOSSL

/// What a connection tells its pool. All calls come on the event loop.
protocol RedisConnectionOwner: AnyObject {
    func connectionReady(_ connection: RedisConnection)
    /// Some requests were answered: there may be room for more.
    func connectionProgressed(_ connection: RedisConnection, finished: Int)
    /// Called once. `failure` says why; the connection's requests have failed already, `finished` of them.
    func connectionEnded(_ connection: RedisConnection, failure: RESPError, wasReady: Bool, finished: Int)
}

/// One connection: handshake, then requests in order, each answered in its turn. Confined to its event loop.
///
/// Answers carry no name, they are matched by their order alone. So whatever breaks the order (an answer out of time or out of turn,
/// bytes that are not the protocol) ends the connection: no answer ever reaches the wrong command.
final class RedisConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Stage {
        case setup, ready, ended
    }

    private struct Pending {
        var request: RedisRequest
        var answers: [RESPValue] = []
    }

    private let configuration: RedisConfiguration
    private let tls: NIOSSLContext?
    private weak var owner: (any RedisConnectionOwner)?
    private var stage = Stage.setup
    private var hasBegun = false
    private var handshake: RedisHandshake
    private var parser: RESPParser
    private var unread = ByteBuffer()
    private var pending = CircularBuffer<Pending>()
    private var context: ChannelHandlerContext?
    private var clock: Scheduled<Void>?

    /// Requests under way.
    var load: Int { pending.count }
    var isReady: Bool { stage == .ready }
    var isSettingUp: Bool { stage == .setup }

    init(configuration: RedisConfiguration, tls: NIOSSLContext?, owner: any RedisConnectionOwner) {
        self.configuration = configuration
        self.tls = tls
        self.owner = owner
        handshake = RedisHandshake(configuration)
        parser = RESPParser(limits: configuration.limits)
    }

    /// Sends requests; their completions are called when they are answered or the connection ends.
    func send(_ requests: [RedisRequest]) {
        guard let context, stage == .ready else {
            for request in requests { request.completion(.failure(.noConnection("the connection has ended"))) }
            owner?.connectionProgressed(self, finished: requests.count)
            return
        }
        // One buffer for many commands: one write, few segments.
        var output: ByteBuffer?
        for request in requests {
            pending.append(Pending(request: request))
            if output == nil {
                output = request.bytes
            } else {
                var bytes = request.bytes
                output?.writeBuffer(&bytes)
            }
        }
        if let output { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
        if clock == nil { scheduleClock() }
    }

    /// Ends the connection; what is under way fails.
    func close(_ failure: RESPError) {
        end(failure)
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        // Closed while it was still being dialled.
        guard stage != .ended else { return context.close(promise: nil) }
        self.context = context
        let setupTime = configuration.connectTimeout
        clock = context.eventLoop.assumeIsolated().scheduleTask(in: setupTime) { self.end(.noConnection("no answer in time")) }
        do {
            if let tls {
                try context.pipeline.syncOperations.addHandler(TLSHandler.client(tls, configuration), position: .before(self))
            }
        } catch {
            return end(.noConnection("TLS could not be set up"))
        }
        if context.channel.isActive { begin() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        begin()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard stage != .ended else { return }
        var bytes = unwrapInboundIn(data)
        if unread.readableBytes == 0 { unread = bytes } else { unread.writeBuffer(&bytes) }
        var finished = 0
        do throws(RESPError) {
            while stage != .ended, let answer = try parser.next(from: &unread) { finished += try take(answer) }
        } catch {
            return end(error, alreadyFinished: finished)
        }
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        if finished > 0 { owner?.connectionProgressed(self, finished: finished) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(stage == .setup ? .noConnection("the server closed the connection") : .connectionLost("the server closed it"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError {
            let reason = "error \(error.errnoCode)"
            return end(stage == .setup ? .noConnection(reason) : .connectionLost(reason))
        }
        // Closing a TLS connection without its goodbye is common, and here without meaning.
        if case .uncleanShutdown? = error as? NIOSSLError { return }
        end(stage == .setup ? .noConnection("TLS: \(TLSHandler.words(for: error))") : .connectionLost("TLS failed"))
    }

    // MARK: Answers

    /// Returns how many requests this answer finished: none or one.
    private func take(_ answer: RESPValue) throws(RESPError) -> Int {
        // Out-of-band data belongs to no command; nothing here subscribes to any.
        if case .push = answer { return 0 }
        if stage == .setup {
            advance(handshake.received(answer))
            return 0
        }
        guard !pending.isEmpty else { throw .protocolViolation("an answer to nothing") }
        let first = pending.startIndex
        if pending[first].request.count > 1 {
            pending[first].answers.append(answer)
            guard pending[first].answers.count == pending[first].request.count else { return 0 }
            let done = pending.removeFirst()
            done.request.completion(.success(done.answers))
        } else {
            pending.removeFirst().request.completion(.success([answer]))
        }
        return 1
    }

    /// The channel may have been active already when this handler came, and still be announced as such.
    private func begin() {
        guard stage == .setup, !hasBegun else { return }
        hasBegun = true
        say(handshake.first)
    }

    private func advance(_ step: RedisHandshake.Step) {
        switch step {
        case .say(let command): say(command)
        case .failed(let failure): end(failure)
        case .ready:
            stage = .ready
            clock?.cancel()
            clock = nil
            owner?.connectionReady(self)
        }
    }

    private func say(_ command: [RESPArgument]) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: 128)
        RESPCommand.write(command, to: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    // MARK: Time and end

    /// One task for the oldest request: all have the same time, so the oldest is the first to be late.
    private func scheduleClock() {
        guard let context, let first = pending.first else { return }
        clock = context.eventLoop.assumeIsolated().scheduleTask(deadline: first.request.deadline) {
            self.clock = nil
            guard let first = self.pending.first, let now = self.context?.eventLoop.now else { return }
            if first.request.deadline <= now { self.end(.timeout(sent: true)) } else { self.scheduleClock() }
        }
    }

    private func end(_ failure: RESPError, alreadyFinished: Int = 0) {
        guard stage != .ended else { return }
        let wasReady = stage == .ready
        stage = .ended
        clock?.cancel()
        clock = nil
        let unanswered = pending
        pending = []
        unread = ByteBuffer()
        let now = context?.eventLoop.now ?? .distantFuture
        for item in unanswered {
            let isLate = item.request.deadline <= now
            let isForeign = failure == .timeout(sent: true) && !isLate
            item.request.completion(.failure(isForeign ? .connectionLost("an earlier command had no answer in time") : failure))
        }
        owner?.connectionEnded(self, failure: failure, wasReady: wasReady, finished: unanswered.count + alreadyFinished)
        context?.close(promise: nil)
    }
}
