import Core

/// One caller's work for the group-commit writer, and how to answer.
enum WriterRequest: Sendable {
    case accept(Acceptance, CheckedContinuation<AcceptanceResult, any Error>)
    case claim(ClaimRequest, CheckedContinuation<ClaimResult, any Error>)
    case finish([AttemptOutcome], CheckedContinuation<[CommunicationID], any Error>)
    case extend(LeaseExtension, CheckedContinuation<[CommunicationID], any Error>)
    /// A closure that writes (SQLite only); returns how to resume its caller once the round is durable.
    case closure(WriterClosure)
}

/// A heartbeat: these leases are to last until ``until``.
struct LeaseExtension: Sendable {
    var ids: [CommunicationID]
    var token: Int64
    var until: Timestamp
}

/// A caller's closure with its result type erased.
struct WriterClosure: Sendable {
    /// Runs the caller's closure; the result resumes the caller with its value. Throws what the closure throws.
    var run: @Sendable (Transaction) throws -> @Sendable () -> Void
    var fail: @Sendable (any Error) -> Void
}
