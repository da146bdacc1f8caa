import Core
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import Communications

/// A receiver of events: a real HTTP server of one test's own.
final class WebhookReceiver: Sendable {
    struct Delivery: Sendable {
        var headers: [String: String]
        var body: [UInt8]

        var json: JSONView? { try? JSONDocument(parsing: body).root }
        /// A text in the event's `data`.
        func data(_ key: String) -> String? { json?["data"]?[key]?.string }
    }

    struct Reply: Sendable {
        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8] = []
    }

    typealias Behaviour = @Sendable (Delivery) async -> Reply

    private let deliveries = Mutex<[Delivery]>([])
    private let behaviour: Mutex<Behaviour>
    private let port = Mutex(0)
    /// Rings at each arrival.
    private let bell = Signal()

    private init(_ behaviour: @escaping Behaviour) {
        self.behaviour = Mutex(behaviour)
    }

    /// Everything that arrived, in the order of arrival.
    var received: [Delivery] { deliveries.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port.withLock { $0 })/events" }

    /// Waits for an arrival after which `condition` holds; one waits at a time. The test's time limit ends it otherwise.
    func arrivals(until condition: ([Delivery]) -> Bool) async throws {
        while !condition(received) {
            try Task.checkCancellation()
            await bell.wait()
        }
    }

    func answer(_ behaviour: @escaping Behaviour) { self.behaviour.withLock { $0 = behaviour } }
    func answer(_ status: Int, _ headers: [String: String] = [:], _ body: String = "") {
        answer { _ in Reply(status: status, headers: headers, body: Array(body.utf8)) }
    }

    static func running<T>(_ behaviour: @escaping Behaviour = { _ in Reply() }, _ body: (WebhookReceiver) async throws -> T) async throws
        -> T
    {
        let receiver = WebhookReceiver(behaviour)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(receiver))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        receiver.port.withLock { $0 = channel.localAddress?.port ?? 0 }
        do {
            let value = try await body(receiver)
            try await channel.close()
            return value
        } catch {
            try? await channel.close()
            throw error
        }
    }

    fileprivate func take(_ delivery: Delivery) async -> Reply {
        deliveries.withLock { $0.append(delivery) }
        bell.raise()
        return await behaviour.withLock { $0 }(delivery)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let receiver: WebhookReceiver
        private var delivery = Delivery(headers: [:], body: [])

        init(_ receiver: WebhookReceiver) {
            self.receiver = receiver
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                delivery = Delivery(headers: [:], body: [])
                for (name, value) in head.headers { delivery.headers[name.lowercased()] = value }
            case .body(let buffer): delivery.body += Array(buffer.readableBytesView)
            case .end:
                let delivery = delivery
                let channel = context.channel
                let answer = context.eventLoop.makeFutureWithTask { [receiver] in await receiver.take(delivery) }
                answer.whenSuccess { reply in
                    var headers = HTTPHeaders(reply.headers.map { ($0.key, $0.value) })
                    headers.replaceOrAdd(name: "content-length", value: "\(reply.body.count)")
                    channel.write(
                        HTTPServerResponsePart.head(
                            HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers)), promise: nil)
                    channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: reply.body))), promise: nil)
                    channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
                }
            }
        }
    }
}
