public import NIOCore
import Synchronization

/// Delivers mails to one SMTP server over a few kept connections.
///
/// All work happens on one event loop; the methods may be called from any thread or task. Connections pull mails from a queue
/// ordered by priority, are opened on demand up to `maxConnections`, and with PIPELINING send the next envelope together with the
/// previous message. Every submitted mail's `completion` is called exactly once.
public final class SMTPPool: Sendable {
    /// What the pool was made with.
    public let configuration: SMTPConfiguration
    /// Where everything happens, completions included.
    public let eventLoop: any EventLoop
    private let core: NIOLoopBoundBox<PoolCore?>
    private let counters = PoolCounters()
    private let inbox = Mutex<[OutgoingMail]>([])

    /// - Parameter eventLoop: the loop of a `MultiThreadedEventLoopGroup`; keep it for the pool alone where throughput matters.
    public init(configuration: SMTPConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        core = .makeEmptyBox(valueType: PoolCore.self, eventLoop: eventLoop)
    }

    /// Hands mails to the pool. Many calls from other threads cost one hop to the event loop.
    public func submit(_ mails: [OutgoingMail]) {
        guard !mails.isEmpty else { return }
        let wasEmpty = inbox.withLock { inbox in
            let wasEmpty = inbox.isEmpty
            inbox.append(contentsOf: mails)
            return wasEmpty
        }
        if wasEmpty { eventLoop.execute { self.drainInbox() } }
    }

    /// What the pool is doing now.
    public var snapshot: PoolSnapshot { counters.snapshot(plusWaiting: inbox.withLock(\.count)) }

    /// Takes no more mail, lets what is on a connection finish, says QUIT and closes. Waiting mails fail as transient at once; what
    /// is not finished by the deadline is cut off. Returns when every connection is closed.
    public func stop(deadline: NIODeadline) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            eventLoop.execute {
                self.drainInbox()
                let core = self.coreOnLoop()
                let cutOff = core.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { core.abort() }
                core.stop {
                    cutOff.cancel()
                    continuation.resume()
                }
            }
        }
    }

    /// `stop(deadline:)` counted from now.
    public func stop(within duration: Duration = .seconds(30)) async {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = TimeAmount.seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
        await stop(deadline: .now() + nanoseconds)
    }

    /// Makes one connection of its own up to and including authentication, then says QUIT.
    public func probe() async throws(SMTPFailure) -> ServerGreeting {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<ServerGreeting, SMTPFailure>, Never>) in
            eventLoop.execute {
                let dialer = SMTPDialer(configuration: self.configuration, eventLoop: self.eventLoop)
                ServerProbe.run(configuration: self.configuration, dialer: dialer) { continuation.resume(returning: $0) }
            }
        }
        return try result.get()
    }

    private func drainInbox() {
        let mails = inbox.withLock { inbox in
            let mails = inbox
            inbox = []
            return mails
        }
        if !mails.isEmpty { coreOnLoop().submit(mails) }
    }

    private func coreOnLoop() -> PoolCore {
        if let existing = core.value { return existing }
        let dialer = SMTPDialer(configuration: configuration, eventLoop: eventLoop)
        let created = PoolCore(
            configuration: configuration, eventLoop: eventLoop, counters: counters,
            makeConnection: { try dialer.makeConnection(owner: $0) }, connect: { dialer.connect($0) })
        core.value = created
        return created
    }
}
