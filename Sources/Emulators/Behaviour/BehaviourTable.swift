import Synchronization

/// What was asked for by the control API: for one recipient, for one provider, or for all.
final class BehaviourTable: Sendable {
    private struct State {
        var byRecipient: [String: Behaviour] = [:]
        var byProvider: [EmulatedProvider: Behaviour] = [:]
        var tried: Set<String> = []
    }

    private static let limit = 10_000
    private let state = Mutex(State())

    /// Nil takes a rule back. False when there are too many rules.
    func set(_ behaviour: Behaviour?, provider: EmulatedProvider?, to recipient: String?) -> Bool {
        state.withLock { state in
            if let recipient {
                guard state.byRecipient.count < Self.limit || behaviour == nil || state.byRecipient[recipient] != nil else { return false }
                state.byRecipient[recipient] = behaviour
                return true
            }
            for one in provider.map({ [$0] }) ?? EmulatedProvider.allCases { state.byProvider[one] = behaviour }
            return true
        }
    }

    func behaviour(provider: EmulatedProvider, to recipient: String) -> Behaviour? {
        state.withLock { $0.byRecipient[recipient] ?? $0.byProvider[provider] }
    }

    /// Whether this is the first try; for ``Behaviour/flaky``.
    func isFirstTry(_ key: String) -> Bool {
        state.withLock { state in
            if state.tried.count >= Self.limit { state.tried.removeAll() }
            return state.tried.insert(key).inserted
        }
    }

    func reset() {
        state.withLock { $0 = State() }
    }
}
