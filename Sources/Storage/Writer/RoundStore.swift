import Core

/// An engine as the writer's thread uses it; it never leaves that thread.
protocol RoundStore: AnyObject {
    /// Does all of `requests` in one transaction and returns once it is durable. Throws when nothing of it was done.
    func perform(_ requests: [WriterRequest], now: Timestamp) throws(DatabaseError) -> RoundResult
    /// Tells other processes that rows are due (PostgreSQL).
    func announce()
    func close()
}

extension RoundStore {
    func announce() {}
}
