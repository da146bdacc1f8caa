/// What the store has done since it was opened; plain counters for metrics.
public struct DatabaseStatistics: Sendable, Hashable {
    /// Transactions of the group-commit writer.
    public var writerRounds: Int
    /// Requests that those transactions carried.
    public var writerItems: Int
    /// Time that those transactions took, in microseconds.
    public var writerMicroseconds: Int
    /// Requests that wait for the writer now.
    public var waiting: Int
    /// Reads and closures that run now, and how many can.
    public var poolBusy: Int
    public var poolSize: Int
    /// Connections that were lost and made anew.
    public var reconnections: Int
    /// Transactions that were repeated after a transient error.
    public var retries: Int
}
