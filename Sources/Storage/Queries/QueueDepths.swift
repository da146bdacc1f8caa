import Core

/// How much waits on one channel at one priority.
public struct QueueDepth: Sendable, Hashable {
    public var channel: Channel
    /// 0 = critical … 3 = low.
    public var priority: Int
    /// Due and not begun, or begun by a process that died.
    public var due: Int
    /// Attempts on their way.
    public var leased: Int
    /// Waiting for their time.
    public var waiting: Int
    /// Since when the oldest due one has been due.
    public var oldestDue: Timestamp?
    /// When the oldest attempt that is on its way began.
    public var oldestLease: Timestamp?
}

extension Transaction {
    /// The queue in numbers, for metrics.
    ///
    /// Reads the queue once, which holds only what has not ended (never the million communications that have); the caller keeps the
    /// answer for some seconds so that scrapes do not add up.
    public func queueDepths() throws -> [QueueDepth] {
        let moment = now.milliseconds
        return try run(
            """
            SELECT channel, priority,
                SUM(CASE WHEN due_at <= \(moment) THEN 1 ELSE 0 END),
                SUM(CASE WHEN due_at > \(moment) AND lease_token IS NOT NULL THEN 1 ELSE 0 END),
                SUM(CASE WHEN due_at > \(moment) AND lease_token IS NULL THEN 1 ELSE 0 END),
                MIN(CASE WHEN due_at <= \(moment) THEN due_at END),
                MIN(CASE WHEN due_at > \(moment) AND lease_token IS NOT NULL THEN leased_at END)
            FROM crm_delivery_queue
            GROUP BY channel, priority
            ORDER BY channel, priority
            """
        ).map { row in
            QueueDepth(
                channel: try row.channel(0), priority: try row.int(1), due: try row.int(2), leased: try row.int(3),
                waiting: try row.int(4), oldestDue: try row.int64OrNil(5).map(Timestamp.init(milliseconds:)),
                oldestLease: try row.int64OrNil(6).map(Timestamp.init(milliseconds:)))
        }
    }
}
