import Core

/// Applies what the failure of a communication means beyond it, in the transaction that takes the report.
public typealias ReceiptConclusion = (ProviderEvent.Failure, _ of: CommunicationID, Channel, _ provider: String) throws -> [ConsentChange]

/// What providers report, brought into the record. One call is one set of statements, however many reports it brings.
extension Transaction {
    /// How long a report whose message nobody knows is kept, in seconds: 7 days.
    public static let unmatchedEventLifetimeSeconds: Int64 = 7 * 86_400

    /// Applies reports, or keeps those whose message is not known yet.
    ///
    /// - Parameters:
    ///   - jitter: a random number in 0..<1, for the delay of retries.
    ///   - conclude: applies what a failure means beyond its message.
    public func receive(_ events: [ProviderEvent], policy: RetryPolicy, jitter: Double, conclude: @escaping ReceiptConclusion) throws
        -> ReceiptSummary
    {
        let reports = events.compactMap { ReceiptReport($0) }
        var round = ReceiptRound(self, policy: policy, jitter: jitter, conclude: conclude)
        round.summary.refused = events.count - reports.count
        if !reports.isEmpty { try round.run(reports) }
        return round.summary
    }

    /// Whether any report received at `since` or later waits for its message.
    public func hasKeptEvents(since: Timestamp) throws -> Bool {
        try !run("SELECT 1 FROM crm_unmatched_events WHERE received_at >= \(since.milliseconds) LIMIT 1").isEmpty
    }

    /// Applies kept reports whose message has become known, oldest first.
    ///
    /// - Parameter since: looks at reports received at this moment or later.
    public func matchKeptEvents(
        since: Timestamp, limit: Int, policy: RetryPolicy, jitter: Double, conclude: @escaping ReceiptConclusion
    ) throws -> ReceiptSummary {
        let found = try run(
            """
            SELECT \(ReceiptReport.storedColumns) FROM crm_unmatched_events e
            WHERE e.received_at >= \(since.milliseconds) AND (
                EXISTS (SELECT 1 FROM crm_provider_messages p
                    WHERE p.provider_message_id = e.provider_message_id AND p.provider = e.provider)
                OR EXISTS (SELECT 1 FROM crm_communications c WHERE c.communication_id = e.reference))
            ORDER BY e.received_at, e.event_id LIMIT \(limit) \(dialect.forUpdateSkipLocked)
            """)
        var reports: [ReceiptReport] = []
        for row in found { if let report = try ReceiptReport(stored: row) { reports.append(report) } }
        var round = ReceiptRound(self, policy: policy, jitter: jitter, conclude: conclude)
        if !reports.isEmpty { try round.run(reports) }
        return round.summary
    }

    /// Starts the next channel for messages of which no word of delivery came in time.
    ///
    /// - Returns: nil when no more deadlines had passed.
    public func passReceiptDeadlines(limit: Int, policy: RetryPolicy) throws -> ReceiptSummary? {
        let found = try run(
            """
            SELECT communication_id, provider, provider_message_id, seconds FROM crm_receipt_deadlines
            WHERE due_at <= \(now.milliseconds) ORDER BY due_at LIMIT \(limit) \(dialect.forUpdateSkipLocked)
            """)
        guard !found.isEmpty else { return nil }
        var reports: [ReceiptReport] = []
        var passed = RowSet((name: "id", kind: .uuid))
        for row in found {
            passed.append(.uuid(try row.uuid(0)))
            reports.append(
                ReceiptReport(overdue: try row.int(3), provider: try row.text(1), messageID: try row.text(2)))
        }
        try execute(
            "DELETE FROM crm_receipt_deadlines WHERE communication_id IN (SELECT u.id FROM \(passed.table(dialect)) AS u)")
        var round = ReceiptRound(self, policy: policy, jitter: 0) { _, _, _, _ in [] }
        try round.run(reports)
        return round.summary
    }

    /// Removes kept reports that nobody has understood for a week; returns how many.
    public func purgeUnmatchedEvents(limit: Int) throws -> Int {
        try execute(
            """
            DELETE FROM crm_unmatched_events WHERE event_id IN (SELECT event_id FROM crm_unmatched_events
                WHERE received_at < \(now.adding(seconds: -Self.unmatchedEventLifetimeSeconds).milliseconds) LIMIT \(limit))
            """)
    }

    /// When the next deadline passes; nil when nothing is waited for.
    public func nextReceiptDeadline() throws -> Timestamp? {
        try run("SELECT MIN(due_at) FROM crm_receipt_deadlines").first?.int64OrNil(0).map { Timestamp(milliseconds: $0) }
    }
}
