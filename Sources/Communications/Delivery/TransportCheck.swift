import Synchronization

/// Asks a transport whether it works, and stops waiting when it does not say.
enum TransportCheck {
    static func run(_ transport: any Transport, within duration: Duration) async -> String? {
        let answer = FirstWord()
        // Not children of this task: a group would wait for the one that hangs.
        let check = Task { answer.give(await transport.check()) }
        let alarm = Task {
            try await Task.sleep(for: duration)
            answer.give("\(transport.provider) did not answer in time")
            check.cancel()
        }
        defer { alarm.cancel() }
        return await answer.value()
    }
}

/// The first of several answers.
private final class FirstWord: Sendable {
    private struct State {
        var word: String??
        var waiter: CheckedContinuation<String?, Never>?
    }

    private let state = Mutex(State())

    func give(_ word: String?) {
        let waiter = state.withLock { state -> CheckedContinuation<String?, Never>? in
            guard state.word == nil else { return nil }
            state.word = .some(word)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: word)
    }

    func value() async -> String? {
        await withCheckedContinuation { continuation in
            let word = state.withLock { state -> String?? in
                if state.word == nil { state.waiter = continuation }
                return state.word
            }
            if let word { continuation.resume(returning: word) }
        }
    }
}
