import NIOCore
import NIOPosix
import Synchronization

/// An HTTP server that answers with whatever bytes a test wants, right or wrong.
public final class RawServer: Sendable {
    /// What happens once a whole request has come in.
    public enum Answer: Sendable {
        /// These bytes; then the connection is closed.
        case bytes(String)
        /// These bytes again and again until the other side has had enough.
        case endless(head: String, chunk: String)
        /// Nothing, and the connection stays open.
        case silence
        /// Nothing, and the connection is closed.
        case hangUp
    }

    public let port: Int
    private let channel: any NIOCore.Channel
    private let seen = Mutex<[String]>([])
    private let open = Mutex<[any NIOCore.Channel]>([])
    private let script: @Sendable (_ request: String, _ number: Int) -> Answer

    /// - Parameter script: is given each request as text, and its number from 0.
    public init(_ script: @escaping @Sendable (_ request: String, _ number: Int) -> Answer) async throws {
        self.script = script
        let box = Mutex<RawServer?>(nil)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    box.withLock { $0?.open.withLock { $0.append(channel) } }
                    try channel.pipeline.syncOperations.addHandler(
                        Connection { request in box.withLock { $0?.answer(request) } ?? .hangUp })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        box.withLock { $0 = self }
    }

    /// The same answer to everything.
    public convenience init(always answer: Answer) async throws {
        try await self.init { _, _ in answer }
    }

    public var url: String { "http://127.0.0.1:\(port)" }
    public var requests: [String] { seen.withLock { $0 } }

    /// Closes what is open, too.
    public func stop() async {
        try? await channel.close()
        for connection in open.withLock({ $0 }) { try? await connection.close() }
    }

    private func answer(_ request: String) -> Answer {
        let number = seen.withLock { seen in
            seen.append(request)
            return seen.count - 1
        }
        return script(request, number)
    }

    public static func http(_ status: String, _ body: String, headers: String = "") -> Answer {
        .bytes("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)Connection: close\r\n\r\n\(body)")
    }

    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private var received: [UInt8] = []
        private var chunk: ByteBuffer?
        private let answer: (String) -> Answer

        init(_ answer: @escaping (String) -> Answer) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += unwrapInboundIn(data).readableBytesView
            let text = String(decoding: received, as: UTF8.self)
            guard let end = text.firstRange(of: "\r\n\r\n") else { return }
            let head = text[..<end.lowerBound].lowercased()
            let length = head.firstRange(of: "content-length: ").flatMap { Int(head[$0.upperBound...].prefix { $0.isNumber }) } ?? 0
            guard text[end.upperBound...].utf8.count >= length else { return }
            received = []
            switch answer(text) {
            case .bytes(let bytes):
                let context = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.value.writeAndFlush(wrapOutboundOut(ByteBuffer(string: bytes))).whenComplete { _ in
                    context.value.close(promise: nil)
                }
            case .endless(let head, let part):
                chunk = ByteBuffer(string: part)
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
                pump(context)
            case .silence:
                break
            case .hangUp:
                context.close(promise: nil)
            }
        }

        private func pump(_ context: ChannelHandlerContext) {
            guard let chunk, context.channel.isActive else { return }
            let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(chunk)).whenSuccess {
                loopBound.value.1.eventLoop.execute { loopBound.value.0.pump(loopBound.value.1) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
