import Synchronization

/// What the processes that share a database say to each other, outside of it.
///
/// What is said is heard at once by everyone on the line, and never repeated: whoever was cut off meanwhile hears of the
/// interruption instead. On SQLite there is one process, and nobody to talk to.
///
/// A process that has joined knows whether it still hears the others (``isInTouch``). Whoever must be sure that all
/// others know something says it and waits for each of ``others()`` to answer; one that does not answer within
/// ``patience`` has lost touch by then and knows that it has.
public final class PeerLine: Sendable {
    /// Called with what a peer said and its process number, away from the caller's thread.
    public typealias Listener = @Sendable (_ text: String, _ sender: Int64) -> Void

    /// After this long without an answer a peer can no longer be in touch. Longer than ``staysInTouch``.
    public static let patience: Duration = .seconds(3)
    /// How long a process counts as in touch after the server last answered it.
    static let staysInTouch: Duration = .seconds(2)

    private struct State: Sendable {
        var listeners: [String: Listener] = [:]
        var interruptions: [@Sendable () -> Void] = []
        var hasJoined = false
        var freshUntil: ContinuousClock.Instant?
    }

    /// This process, as the others know it; new on every start.
    public let name = Int64.random(in: 1...Int64.max)
    private let state = Mutex(State())
    let carrier = Mutex<(any PeerCarrier)?>(nil)

    init() {}

    /// Hears what others say about `topic`. Runs on the line's own thread and must be quick.
    public func listen(_ topic: String, _ listener: @escaping Listener) {
        state.withLock { $0.listeners[topic] = listener }
    }

    /// Told when anything may have been missed.
    public func onInterruption(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.interruptions.append(action) }
    }

    /// From now on the others count on this process to answer. Without others nothing changes.
    public func join() {
        guard let carrier = carrier.withLock({ $0 }) else { return }
        state.withLock { $0.hasJoined = true }
        carrier.wake()
    }

    /// Whether what others say reaches this process. True also for who never joined: nobody counts on them.
    public var isInTouch: Bool {
        state.withLock { state in
            guard state.hasJoined else { return true }
            guard let end = state.freshUntil else { return false }
            return ContinuousClock.now < end
        }
    }

    /// Says it without waiting.
    public func say(_ topic: String, _ text: String) {
        carrier.withLock { $0 }?.send("\(topic) \(name) \(text)")
    }

    /// Everyone else who has joined.
    public func others() async throws -> Set<Int64> {
        guard let carrier = carrier.withLock({ $0 }) else { return [] }
        return try await carrier.joined().subtracting([name])
    }
}

/// What brings messages from one process to another.
protocol PeerCarrier: Sendable {
    func send(_ message: String)
    func wake()
    /// The names of all that have joined.
    func joined() async throws -> Set<Int64>
}

extension PeerLine {
    var hasJoined: Bool { state.withLock { $0.hasJoined } }

    /// - Parameter moment: before the question was asked that the server has answered now.
    func noteAnswer(askedAt moment: ContinuousClock.Instant) {
        state.withLock { $0.freshUntil = moment.advanced(by: Self.staysInTouch) }
    }

    func noteInterruption() {
        let actions = state.withLock { state in
            state.freshUntil = nil
            return state.interruptions
        }
        for action in actions { action() }
    }

    /// `topic sender text`, as ``say(_:_:)`` writes it. What is not of that form is not ours.
    func hear(_ message: String) {
        let parts = message.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let sender = Int64(parts[1]), sender != name else { return }
        let listener = state.withLock { $0.listeners[String(parts[0])] }
        listener?(String(parts[2]), sender)
    }
}
