import Core

/// Where the store is and how it is used.
public struct DatabaseConfiguration: Sendable {
    /// `sqlite:path` or any libpq URL (`postgresql://…`).
    public var url: String
    /// Connections for reads (both engines) and for closures that write (PostgreSQL).
    public var poolSize: Int
    public var clock: WallClock
    /// Tests only: start although the server would lose acknowledged commits in a power cut.
    public var allowsUnsafeDurability: Bool
    /// Requests that may wait for the writer; more are refused as overloaded.
    public var mailboxLimit: Int
    /// Told of every commit of the writer, on its thread: how many requests it carried and how long it took. Must not block.
    public var onCommit: (@Sendable (_ items: Int, _ microseconds: Int) -> Void)?
    /// Tests only: writes and commits that fail on purpose.
    public var faults: Faults?

    public init(
        url: String, poolSize: Int = 10, clock: WallClock, allowsUnsafeDurability: Bool = false, mailboxLimit: Int = 20_000,
        onCommit: (@Sendable (_ items: Int, _ microseconds: Int) -> Void)? = nil, faults: Faults? = nil
    ) {
        self.url = url
        self.poolSize = max(1, poolSize)
        self.clock = clock
        self.allowsUnsafeDurability = allowsUnsafeDurability
        self.mailboxLimit = mailboxLimit
        self.onCommit = onCommit
        self.faults = faults
    }
}
