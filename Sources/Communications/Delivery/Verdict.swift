import Core
import Storage

/// What an attempt's end means for its communication: the rules of ``RetryPolicy`` in the store's words.
enum Verdict {
    static func result(
        of outcome: Result<TransportReceipt, TransportFailure>, attempt: Attempt, policy: RetryPolicy, now: Timestamp, jitter: Double,
        unknownPause: Int = 0
    ) -> AttemptOutcome.Result {
        switch outcome {
        case .success(let receipt):
            return .sent(providerMessageID: receipt.providerMessageID, response: receipt.response)
        case .failure(let failure) where failure.withdrawn:
            return .released(due: now)
        // WhatsApp's window was closed after all. Not the same again: the next attempt is a template, or finds that none is mapped. The
        // count is for a store that could not be told of the window.
        case .failure(let failure) where failure.consequence == .windowClosed && attempt.number <= policy.delays.count:
            return .retry(at: now, AttemptFailure(category: failure.category.rawValue, message: failure.message))
        case .failure(let failure):
            let record = AttemptFailure(
                category: failure.outcomeUnknown ? AttemptFailure.unknown : failure.category.rawValue, message: failure.message)
            let verdict =
                failure.outcomeUnknown
                ? policy.nextAfterUnknownOutcome(afterAttempt: attempt.number, now: now, jitter: jitter)
                : policy.next(
                    afterAttempt: attempt.number, rateLimited: attempt.rateLimited + (failure.category == .rateLimit ? 1 : 0),
                    category: failure.category, retryAfter: failure.retryAfter,
                    fallbacks: attempt.fallbacks, now: now, jitter: jitter)
            switch verdict {
            case .retry(let at):
                // A receipt may still tell that it was taken.
                let earliest = failure.outcomeUnknown ? now.adding(seconds: Int64(max(unknownPause, 0))) : at
                return .retry(at: max(at, earliest), record)
            case .fallback(let next):
                let remaining = attempt.fallbacks.drop { $0 != next }.dropFirst()
                return .fallback(to: next, remaining: Array(remaining), record)
            case .fail(let needsReview):
                return .failed(record, needsReview: needsReview)
            }
        }
    }
}
