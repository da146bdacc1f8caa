import NIOCore
import NIOPosix
import Synchronization

/// A load of HTTP/1.1 requests over a fixed number of keep-alive connections: each sends its next request when the last
/// one is answered, or, with a rate, at its moment.
final class HTTPLoad: Sendable {
    struct Result: Sendable {
        var answered = 0
        var failed = 0
        /// Answer times in nanoseconds.
        var latencies: [Int64] = []
        var firstFailure: String?
        /// When each communication's request left, by its id in the answer.
        var departures: [String: NIODeadline] = [:]
        /// The same by the request's number.
        var departuresByNumber: [Int: NIODeadline] = [:]
        var elapsed: Duration = .zero

        var perSecond: Double {
            Double(answered) / (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
        }

        /// Milliseconds.
        func percentile(_ share: Double) -> Double {
            Self.percentile(latencies, share)
        }

        static func percentile(_ values: [Int64], _ share: Double) -> Double {
            guard !values.isEmpty else { return 0 }
            let sorted = values.sorted()
            return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1e6
        }
    }

    private let shared = Mutex((next: 0, result: Result()))
    private let total: Int
    private let deadline: NIODeadline
    private let interval: TimeAmount?
    private let start: NIODeadline
    private let keepsDepartures: Bool
    private let request: @Sendable (Int) -> ByteBuffer

    private init(
        total: Int, seconds: Double, perSecond: Double?, keepsDepartures: Bool, request: @escaping @Sendable (Int) -> ByteBuffer
    ) {
        self.total = total
        start = .now()
        deadline = start + .nanoseconds(Int64(seconds * 1e9))
        interval = perSecond.map { .nanoseconds(Int64(1e9 / $0)) }
        self.keepsDepartures = keepsDepartures
        self.request = request
    }

    /// Sends up to `total` requests for up to `seconds`, at most `perSecond` of them each second.
    static func run(
        port: Int, connections: Int, total: Int = .max, seconds: Double, perSecond: Double? = nil, keepsDepartures: Bool = false,
        on group: any EventLoopGroup, request: @escaping @Sendable (Int) -> ByteBuffer
    ) async throws -> Result {
        let load = HTTPLoad(total: total, seconds: seconds, perSecond: perSecond, keepsDepartures: keepsDepartures, request: request)
        let clock = ContinuousClock()
        let began = clock.now
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<connections {
                tasks.addTask {
                    let channel = try await ClientBootstrap(group: group)
                        .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
                        .channelInitializer { channel in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(LoadHandler(load: load))
                            }
                        }
                        .connect(host: "127.0.0.1", port: port).get()
                    try await channel.closeFuture.get()
                }
            }
            try await tasks.waitForAll()
        }
        var result = load.shared.withLock { $0.result }
        result.elapsed = clock.now - began
        return result
    }

    /// The next request and the moment at which it may leave; nil when the load is over.
    fileprivate func next() -> (number: Int, request: ByteBuffer, due: NIODeadline)? {
        let number = shared.withLock { shared -> Int in
            defer { shared.next += 1 }
            return shared.next
        }
        let now = NIODeadline.now()
        guard number < total, now < deadline else { return nil }
        let due = interval.map { start + .nanoseconds($0.nanoseconds * Int64(number)) } ?? now
        guard due < deadline else { return nil }
        return (number, request(number), due)
    }

    fileprivate func note(_ number: Int, status: Int, body: ByteBuffer, left: NIODeadline) {
        let latency = (NIODeadline.now() - left).nanoseconds
        let id = keepsDepartures ? Self.communicationID(in: body) : nil
        shared.withLock { shared in
            if (200..<300).contains(status) {
                shared.result.answered += 1
            } else {
                shared.result.failed += 1
                if shared.result.firstFailure == nil {
                    shared.result.firstFailure = "\(status) \(body.text(at: 0, count: 300))"
                }
            }
            shared.result.latencies.append(latency)
            if let id { shared.result.departures[id] = left }
            if keepsDepartures { shared.result.departuresByNumber[number] = left }
        }
    }

    private static let idKey = Array("\"communication_id\":\"".utf8)

    private static func communicationID(in body: ByteBuffer) -> String? {
        body.offset(of: idKey).map { body.text(at: $0 + idKey.count, count: 36) }
    }
}

private final class LoadHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let headEnd = Array("\r\n\r\n".utf8)
    private static let lengthKey = Array("\r\nContent-Length: ".utf8)

    private let load: HTTPLoad
    private var pending = ByteBuffer()
    private var left = NIODeadline.now()
    private var number = 0

    init(load: HTTPLoad) {
        self.load = load
    }

    func channelActive(context: ChannelHandlerContext) {
        send(context)
    }

    private func send(_ context: ChannelHandlerContext) {
        guard let (number, request, due) = load.next() else {
            context.close(promise: nil)
            return
        }
        self.number = number
        if due > .now() {
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(deadline: due) {
                let (handler, context) = bound.value
                handler.write(request, context)
            }
        } else {
            write(request, context)
        }
    }

    private func write(_ request: ByteBuffer, _ context: ChannelHandlerContext) {
        left = .now()
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        pending.writeBuffer(&bytes)
        guard let head = pending.offset(of: Self.headEnd) else { return }
        // The server is ours: it writes this header in this spelling.
        let length = pending.offset(of: Self.lengthKey).map { number(at: $0 + Self.lengthKey.count) } ?? 0
        let end = head + Self.headEnd.count
        guard pending.readableBytes - end >= length,
            let body = pending.getSlice(at: pending.readerIndex + end, length: length)
        else { return }
        load.note(number, status: number(at: 9), body: body, left: left)
        pending.clear()
        send(context)
    }

    private func number(at offset: Int) -> Int {
        var value = 0
        for byte in pending.readableBytesView.dropFirst(offset).prefix(9) {
            guard (0x30...0x39).contains(byte) else { break }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
