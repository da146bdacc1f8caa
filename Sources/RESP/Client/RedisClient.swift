public import NIOCore
import Synchronization

/// A client of one Redis server, or of anything else that speaks its protocol.
///
/// Commands of all callers share a few connections and travel together (pipelining); each caller gets the answer to its own command.
/// So commands that change the connection itself (`SUBSCRIBE`, `MONITOR`, `SELECT`, `CLIENT REPLY`, transactions over several calls) or
/// that wait (`BLPOP`) have no place here; `MULTI … EXEC` in one ``pipeline(_:)`` is fine.
///
/// Connections are opened on demand and again after they were lost. A call always ends by the configuration's `commandTimeout`; the
/// cancellation of the calling task does not end it earlier. A command that was sent and not answered is not sent again by itself.
public final class RedisClient: Sendable {
    public let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let core: NIOLoopBoundBox<RedisPoolCore?>
    private let inbox = Mutex<[RedisRequest]>([])
    private let lastSnapshot = Mutex(RedisPoolSnapshot())

    /// Connects to nothing yet.
    /// - Parameter eventLoop: where everything happens; may be shared.
    public init(configuration: RedisConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        core = .makeEmptyBox(valueType: RedisPoolCore.self, eventLoop: eventLoop)
    }

    /// Sends one command and returns its answer.
    /// - Throws: ``RESPError/server(_:)`` where the answer is an error; everything else where there is no answer.
    public func send(_ command: [RESPArgument]) async throws(RESPError) -> RESPValue {
        let answers = try await exchange([command])
        guard let answer = answers.first else { throw .protocolViolation("no answer") }
        if case .error(let text) = answer { throw .server(text) }
        return answer
    }

    /// Sends commands together, on one connection and in their order, and returns an answer for each; errors are among them as values.
    public func pipeline(_ commands: [[RESPArgument]]) async throws(RESPError) -> [RESPValue] {
        if commands.isEmpty { return [] }
        return try await exchange(commands)
    }

    /// What the connections are doing.
    public var snapshot: RedisPoolSnapshot { lastSnapshot.withLock { $0 } }

    /// Takes no more commands, lets what is under way finish until the deadline, and closes. Returns when every connection is closed.
    public func shutdown(within time: TimeAmount = .seconds(2)) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            eventLoop.execute {
                self.drainInbox()
                let core = self.coreOnLoop()
                let cutOff = self.eventLoop.assumeIsolated().scheduleTask(in: time) { core.abort() }
                core.stop {
                    cutOff.cancel()
                    continuation.resume()
                }
            }
        }
    }

    private func exchange(_ commands: [[RESPArgument]]) async throws(RESPError) -> [RESPValue] {
        var bytes = ByteBuffer()
        for command in commands {
            // An empty command has no answer, and everything after it would get its neighbour's.
            guard !command.isEmpty else { throw .configuration("a command without words") }
            RESPCommand.write(command, to: &bytes)
        }
        let encoded = bytes
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<[RESPValue], RESPError>, Never>) in
            submit(RedisRequest(bytes: encoded, count: commands.count) { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    /// Many calls from other threads cost one hop to the event loop.
    private func submit(_ request: RedisRequest) {
        let wasEmpty = inbox.withLock { inbox in
            let wasEmpty = inbox.isEmpty
            inbox.append(request)
            return wasEmpty
        }
        if wasEmpty { eventLoop.execute { self.drainInbox() } }
    }

    private func drainInbox() {
        let requests = inbox.withLock { inbox in
            let requests = inbox
            inbox = []
            return requests
        }
        if !requests.isEmpty { coreOnLoop().submit(requests) }
    }

    private func coreOnLoop() -> RedisPoolCore {
        if let existing = core.value { return existing }
        let dialer = RedisDialer(configuration: configuration, eventLoop: eventLoop)
        let created = RedisPoolCore(
            configuration: configuration, eventLoop: eventLoop,
            publish: { [weak self] snapshot in self?.lastSnapshot.withLock { $0 = snapshot } },
            makeConnection: { try dialer.makeConnection(owner: $0) }, connect: { dialer.connect($0) })
        core.value = created
        return created
    }
}
