import Core
import NIOCore

/// Takes messages through their statuses and tells the product of each.
final class StatusReporter: Sendable {
    /// One status that a message is going to reach.
    struct Step: Sendable {
        var status: MessageStatus
        var code: Int?
        /// Not told to anybody: the sender knows it already.
        var isSilent = false
        /// Milliseconds before it; nil: as the latency says.
        var delay: Int?
    }

    /// How the callbacks of one message are disturbed.
    struct Habit: Sendable {
        var copies = 1
        var isShuffled = false
        var delay = 0
    }

    private let log: MessageLog
    private let queues: [EmulatedProvider: CallbackQueue]
    private let latency: EmulatedLatency
    private let group: any EventLoopGroup
    private let callback: @Sendable (EmulatedMessage, MessageStatus, Int?, Timestamp) -> Callback?
    private let clock: WallClock

    /// - Parameter callback: makes the provider's callback for a message that has reached a status.
    init(
        log: MessageLog, queues: [EmulatedProvider: CallbackQueue], latency: EmulatedLatency, group: any EventLoopGroup, clock: WallClock,
        callback: @escaping @Sendable (EmulatedMessage, MessageStatus, Int?, Timestamp) -> Callback?
    ) {
        self.log = log
        self.queues = queues
        self.latency = latency
        self.group = group
        self.clock = clock
        self.callback = callback
    }

    /// Takes the message through `steps`, each after the callback of the one before was tried.
    func begin(_ id: String, _ steps: [Step], _ habit: Habit) {
        run(Journey(id: id, steps: steps, habit: habit), extraDelay: habit.delay)
    }

    /// The first step at once, and returns when its callback has been tried; the rest as in ``begin(_:_:_:)``.
    func beginEarly(_ id: String, _ steps: [Step], _ habit: Habit) async {
        let ordered = Habit(copies: habit.copies, isShuffled: false, delay: 0)
        await withCheckedContinuation { continuation in
            advance(Journey(id: id, steps: steps, habit: ordered)) { continuation.resume() }
        }
        guard steps.count > 1 else { return }
        run(Journey(id: id, steps: Array(steps.dropFirst()), habit: habit), extraDelay: 0)
    }

    /// One status now, because somebody asks for it.
    func report(_ id: String, _ status: MessageStatus, code: Int?) -> Bool {
        guard log.message(id) != nil else { return false }
        advance(Journey(id: id, steps: [Step(status: status, code: code)], habit: Habit())) {}
        return true
    }

    private struct Journey: Sendable {
        var id: String
        var steps: [Step]
        var habit: Habit
        var index = 0
    }

    private func run(_ journey: Journey, extraDelay: Int) {
        guard journey.index < journey.steps.count else { return }
        let step = journey.steps[journey.index]
        let delay = (step.delay ?? latency.step(step.status)) + extraDelay
        let go: @Sendable () -> Void = {
            self.advance(journey) { [journey] in
                var next = journey
                next.index += 1
                self.run(next, extraDelay: 0)
            }
        }
        if delay > 0 {
            group.any().scheduleTask(in: .milliseconds(Int64(delay)), go)
        } else {
            go()
        }
    }

    /// Reaches the step's status, tells of it, and goes on when that was tried.
    private func advance(_ journey: Journey, then next: @escaping @Sendable () -> Void) {
        let step = journey.steps[journey.index]
        // A message that was canceled or deleted goes nowhere.
        guard let before = log.message(journey.id), before.status != .canceled || step.status == .canceled,
            let message = log.advance(journey.id, to: step.status, errorCode: step.code)
        else { return next() }
        if journey.index == journey.steps.count - 1, step.status.isFinal { log.count { $0.finished[message.provider, default: 0] += 1 } }
        var callbacks: [Callback] = []
        if journey.habit.isShuffled {
            guard journey.index == journey.steps.count - 1 else { return next() }
            let told = journey.steps.filter { !$0.isSilent }.reversed()
            callbacks = told.compactMap { callback(message, $0.status, $0.code, clock.now()) }
        } else if !step.isSilent, let one = callback(message, step.status, step.code, clock.now()) {
            callbacks = [one]
        }
        callbacks = callbacks.flatMap { Array(repeating: $0, count: max(1, journey.habit.copies)) }
        post(callbacks[...], message.provider, then: next)
    }

    /// One after the other, so that their order is the one that was meant.
    private func post(_ callbacks: ArraySlice<Callback>, _ provider: EmulatedProvider, then next: @escaping @Sendable () -> Void) {
        guard let first = callbacks.first, let queue = queues[provider] else { return next() }
        queue.post(first) { self.post(callbacks.dropFirst(), provider, then: next) }
    }
}

extension MessageStatus {
    /// Nothing comes after it, but `read` after `delivered`.
    var isFinal: Bool {
        switch self {
        case .delivered, .undelivered, .failed, .canceled, .read, .received: true
        default: false
        }
    }
}
