import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// One request's way through the client: collects the answer within its bound and knows how far the request got.
final class HTTPExchange: HTTPClientResponseDelegate {
    struct TooLarge: Error {
        /// The answer's status, which came before its body.
        var status: Int
    }

    private struct State {
        var wasWritten = false
        var head: HTTPResponseHead?
        var body: [UInt8] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether the first byte was handed to the connection: from then on the other side may have acted on it.
    var wasWritten: Bool { state.withLock { $0.wasWritten } }

    func didSendRequestHead(task: HTTPClient.Task<SafeHTTP.Response>, _ head: HTTPRequestHead) {
        state.withLock { $0.wasWritten = true }
    }

    func didReceiveHead(task: HTTPClient.Task<SafeHTTP.Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        state.withLock { $0.head = head }
        return announced > limit ? task.eventLoop.makeFailedFuture(tooLarge) : task.eventLoop.makeSucceededVoidFuture()
    }

    private var tooLarge: TooLarge { TooLarge(status: state.withLock { $0.head.map { Int($0.status.code) } } ?? 0) }

    func didReceiveBodyPart(task: HTTPClient.Task<SafeHTTP.Response>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let fits = state.withLock { state in
            guard state.body.count + buffer.readableBytes <= limit else { return false }
            state.body.append(contentsOf: buffer.readableBytesView)
            return true
        }
        return fits ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(tooLarge)
    }

    func didFinishRequest(task: HTTPClient.Task<SafeHTTP.Response>) throws -> SafeHTTP.Response {
        try state.withLock { state in
            guard let head = state.head else { throw HTTPClientError.remoteConnectionClosed }
            return SafeHTTP.Response(
                status: Int(head.status.code), headers: head.headers.map { ($0.name, $0.value) }, body: state.body)
        }
    }
}
