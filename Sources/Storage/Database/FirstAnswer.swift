import Synchronization

/// Whichever of several tasks answers first.
final class FirstAnswer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case answered(Result<Value, any Error>)
        case done
    }

    private let state = Mutex(State.open)

    func give(_ answer: Result<Value, any Error>) {
        let waiting = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .open: state = .answered(answer)
            case .awaited(let continuation):
                state = .done
                return continuation
            case .answered, .done: break
            }
            return nil
        }
        waiting?.resume(with: answer)
    }

    /// Waits for the first answer; called once.
    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let answer = state.withLock { state -> Result<Value, any Error>? in
                guard case .answered(let answer) = state else {
                    state = .awaited(continuation)
                    return nil
                }
                state = .done
                return answer
            }
            if let answer { continuation.resume(with: answer) }
        }
    }
}
