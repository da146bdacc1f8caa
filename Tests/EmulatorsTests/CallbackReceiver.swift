import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Stands where the product stands: takes callbacks, keeps them and answers as it is told.
final class CallbackReceiver: Sendable {
    struct Received: Sendable {
        /// Path and query as they came.
        var target: String
        var headers: HTTPFields
        var body: [UInt8]
    }

    typealias Answer = @Sendable (_ number: Int, Received) -> (status: Int, body: String)

    private struct State {
        var received: [Received] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let answer: Answer

    init(answer: @escaping Answer = { _, _ in (204, "") }) {
        self.answer = answer
    }

    var received: [Received] { state.withLock { $0.received } }

    /// What came, as soon as there are `count` of them.
    func wait(_ count: Int) async -> [Received] {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state -> Bool in
                if state.received.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
        return received
    }

    fileprivate func take(_ one: Received) -> (status: Int, body: String) {
        let (number, woken) = state.withLock { state in
            state.received.append(one)
            let count = state.received.count
            let woken = state.waiters.filter { $0.count <= count }.map(\.continuation)
            state.waiters.removeAll { $0.count <= count }
            return (count, woken)
        }
        defer { for continuation in woken { continuation.resume() } }
        return answer(number, one)
    }

    /// Runs while `body` does; hands it the base address.
    func serve<Value: Sendable>(_ body: @Sendable @escaping (String) async throws -> Value) async throws -> Value {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: ReceiverResponder(receiver: self),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in listening.yield(channel.localAddress?.port ?? 0) },
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            logger: Logger(label: "receiver", factory: { _ in SwiftLogNoOpLogHandler() }))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            defer { tasks.cancelAll() }
            for await port in ports { return try await body("http://127.0.0.1:\(port)") }
            throw CancellationError()
        }
    }
}

private struct ReceiverResponder: HTTPResponder {
    let receiver: CallbackReceiver

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let body = try await request.body.collect(upTo: 4 << 20)
        let answer = receiver.take(
            CallbackReceiver.Received(target: request.head.path ?? "", headers: request.headers, body: Array(body.readableBytesView)))
        return Response(
            status: HTTPResponse.Status(code: answer.status), headers: [.contentType: "text/xml"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
    }
}
