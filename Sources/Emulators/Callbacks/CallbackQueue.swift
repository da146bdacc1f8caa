import Core
import NIOCore
import Synchronization

/// Callbacks on their way: a bounded number at work at the same time, tried again as the provider would.
final class CallbackQueue: Sendable {
    private struct Job: Sendable {
        var callback: Callback
        var attempt = 0
        /// Called after the first try, however it went: what follows does not wait for tries to come.
        var afterFirstTry: (@Sendable () -> Void)?
    }

    private struct State {
        var waiting: [Job] = []
        var head = 0
        var workers = 0
        var isClosed = false
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    /// Beyond this, callbacks are lost; counted.
    private static let limit = 200_000
    private static let changesPerCall = 50
    private static let whatsAppRetries = 7

    private let state = Mutex(State())
    private let sender: CallbackSender
    private let log: MessageLog
    private let clock: WallClock
    private let latency: EmulatedLatency
    private let group: any EventLoopGroup
    private let concurrency: Int

    init(
        sender: CallbackSender, log: MessageLog, clock: WallClock, latency: EmulatedLatency, group: any EventLoopGroup, concurrency: Int
    ) {
        self.sender = sender
        self.log = log
        self.clock = clock
        self.latency = latency
        self.group = group
        self.concurrency = max(1, concurrency)
    }

    /// Sends `callback` soon.
    func post(_ callback: Callback, afterFirstTry: (@Sendable () -> Void)? = nil) {
        enqueue(Job(callback: callback, afterFirstTry: afterFirstTry), isNew: true)
    }

    /// Drops what waits; what is at work ends by itself.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.waiting = []
            state.head = 0
        }
    }

    /// Returns when nothing is at work any more; to be called after ``close()``.
    func waitUntilIdle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state -> Bool in
                if state.workers == 0 { return true }
                state.closing.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func enqueue(_ job: Job, isNew: Bool) {
        enum Verdict { case lost, waits, begins }
        if isNew { log.count { $0.callbacksOpen += 1 } }
        let verdict = state.withLock { state -> Verdict in
            guard !state.isClosed, state.waiting.count - state.head < Self.limit else { return .lost }
            state.waiting.append(job)
            guard state.workers < concurrency else { return .waits }
            state.workers += 1
            return .begins
        }
        switch verdict {
        case .waits: break
        case .begins: Task { await work() }
        case .lost:
            log.count { counters in
                counters.callbacksOpen -= 1
                counters.callbacksLost += 1
            }
        }
    }

    private func work() async {
        while let jobs = take() {
            guard let first = jobs.first, let address = sender.address(first.callback.url) else {
                finish(jobs, CallbackResult(fault: "no address"), triesAgain: false)
                continue
            }
            let result: CallbackResult
            let triesAgain: Bool
            switch first.callback.content {
            case .form(let fields):
                let token = first.attempt == 0 ? nil : EmulatedID.hex(32)
                result = await sender.sendForm(fields, to: address, retryToken: token)
                triesAgain = !result.isTaken && first.attempt < address.retries && address.triesAgain(after: result)
            case .change:
                let changes = jobs.compactMap { if case .change(let change) = $0.callback.content { change } else { nil } }
                result = await sender.sendChanges(changes, to: address, at: clock.now())
                triesAgain = !result.isTaken
            }
            finish(jobs, result, triesAgain: triesAgain)
        }
    }

    /// The next callback, or several for the same place where the provider may put them into one call. Nil ends the worker.
    private func take() -> [Job]? {
        let (jobs, idle) = state.withLock { state -> ([Job]?, [CheckedContinuation<Void, Never>]) in
            if let jobs = Self.next(&state) { return (jobs, []) }
            state.waiting = []
            state.head = 0
            state.workers -= 1
            guard state.workers == 0 else { return (nil, []) }
            defer { state.closing = [] }
            return (nil, state.closing)
        }
        for continuation in idle { continuation.resume() }
        return jobs
    }

    private static func next(_ state: inout State) -> [Job]? {
        guard state.head < state.waiting.count else { return nil }
        let first = state.waiting[state.head]
        state.head += 1
        var jobs = [first]
        if case .change = first.callback.content {
            while jobs.count < changesPerCall, state.head < state.waiting.count,
                state.waiting[state.head].callback.url == first.callback.url
            {
                jobs.append(state.waiting[state.head])
                state.head += 1
            }
        }
        if state.head > 4096 {
            state.waiting.removeFirst(state.head)
            state.head = 0
        }
        return jobs
    }

    private func finish(_ jobs: [Job], _ result: CallbackResult, triesAgain: Bool) {
        var again: [Job] = []
        for var job in jobs {
            job.afterFirstTry?()
            job.afterFirstTry = nil
            let isLast = if case .change = job.callback.content { job.attempt >= Self.whatsAppRetries } else { false }
            if triesAgain, !isLast {
                job.attempt += 1
                again.append(job)
            }
        }
        let ended = jobs.count - again.count
        log.count { counters in
            counters.callbacksOpen -= ended
            if result.isTaken {
                counters.callbacks += 1
                counters.reported += jobs.count
            } else {
                counters.callbackFailures += 1
                counters.callbacksLost += ended
            }
        }
        guard !state.withLock({ $0.isClosed }) else { return }
        for job in again {
            group.any().scheduleTask(in: .milliseconds(Int64(latency.retry(job.attempt - 1)))) { self.enqueue(job, isNew: false) }
        }
    }
}
