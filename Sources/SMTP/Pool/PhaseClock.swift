import NIOCore

/// One deadline that moves with every command. Moving it later costs a comparison: the scheduled task notices on firing and is
/// scheduled again.
struct PhaseClock {
    private var deadline: NIODeadline = .distantFuture
    private var firesAt: NIODeadline = .distantFuture
    private var task: Scheduled<Void>?

    var isRunning: Bool { task != nil }

    /// Sets the deadline. True when nothing is scheduled that fires early enough.
    mutating func move(to deadline: NIODeadline) -> Bool {
        self.deadline = deadline
        return task == nil || firesAt > deadline
    }

    /// To be called when the scheduled task runs: whether the deadline, which may have moved since, is reached.
    mutating func fired(at now: NIODeadline) -> Bool {
        task = nil
        return now >= deadline
    }

    mutating func schedule(on eventLoop: any EventLoop, _ fire: @escaping () -> Void) {
        task?.cancel()
        firesAt = deadline
        task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline, fire)
    }

    mutating func stop() {
        task?.cancel()
        task = nil
        deadline = .distantFuture
    }
}
