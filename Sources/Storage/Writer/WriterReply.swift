import Core

/// What a round says to one request; delivered only after its commit.
enum WriterReply {
    case accepted(Result<AcceptanceResult, any Error>)
    case claimed(ClaimResult)
    case ids([CommunicationID])
    /// A closure's value, ready to resume its caller, or what the closure threw.
    case closure(Result<@Sendable () -> Void, any Error>)
    /// It contradicts another request of the same round: it goes into the next one.
    case deferred
}

/// What a committed round brought.
struct RoundResult {
    /// One for each request, in order.
    var replies: [WriterReply]
    /// The earliest moment at which rows that the round left behind become due.
    var earliestDue: Timestamp?
    /// There may be events for the businesses' endpoints among what it wrote.
    var leavesEvents = false
    /// There are ledger entries to be sealed among what it wrote.
    var leavesLedgerEntries = false

    init(count: Int) {
        replies = Array(repeating: .deferred, count: count)
    }

    mutating func leavesDue(_ due: Timestamp?) {
        guard let due else { return }
        earliestDue = min(earliestDue ?? due, due)
    }
}

extension WriterRequest {
    func resume(with reply: WriterReply) {
        switch (self, reply) {
        case (.accept(_, let continuation), .accepted(let result)): continuation.resume(with: result)
        case (.claim(_, let continuation), .claimed(let result)): continuation.resume(returning: result)
        case (.finish(_, let continuation), .ids(let ids)): continuation.resume(returning: ids)
        case (.extend(_, let continuation), .ids(let ids)): continuation.resume(returning: ids)
        case (.closure, .closure(.success(let resume))): resume()
        case (.closure(let closure), .closure(.failure(let error))): closure.fail(error)
        default: fail(DatabaseError.statement(code: "reply", details: "the writer answered another kind of request"))
        }
    }

    func fail(_ error: any Error) {
        switch self {
        case .accept(_, let continuation): continuation.resume(throwing: error)
        case .claim(_, let continuation): continuation.resume(throwing: error)
        case .finish(_, let continuation): continuation.resume(throwing: error)
        case .extend(_, let continuation): continuation.resume(throwing: error)
        case .closure(let closure): closure.fail(error)
        }
    }
}
