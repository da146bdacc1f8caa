import Core

extension ReceiptRound {
    /// On PostgreSQL: the tables begin empty and grow fast, and no plan made for an empty one may read a full one from end to end.
    func usePlainPlans() throws(DatabaseError) {
        guard tx.dialect == .postgresql else { return }
        try tx.run(
            """
            SELECT set_config('enable_seqscan', 'off', TRUE), set_config('enable_hashjoin', 'off', TRUE),
                set_config('enable_mergejoin', 'off', TRUE), set_config('enable_bitmapscan', 'off', TRUE), set_config('jit', 'off', TRUE)
            """)
    }

    /// For each report, whose message it is about.
    func targets(of reports: [ReceiptReport]) throws -> [[ReceiptTarget]] {
        var targets: [[ReceiptTarget]] = Array(repeating: [], count: reports.count)
        var names = RowSet((name: "provider", kind: .text), (name: "message", kind: .text))
        for report in reports { names.append(.text(report.provider), .text(report.messageID)) }
        guard !names.isEmpty else { return targets }
        for row in try tx.run(
            """
            SELECT e.i, p.communication_id, p.channel, p.attempt, p.sequence
            FROM \(names.table(tx.dialect)) AS e
            JOIN crm_provider_messages p ON p.provider_message_id = e.message AND p.provider = e.provider
            """)
        {
            let index = try row.int(0)
            guard targets.indices.contains(index) else { continue }
            targets[index].append(
                ReceiptTarget(
                    communication: try row.uuid(1),
                    recorded: (channel: try row.channel(2), attempt: try row.int(3), sequence: try row.int64(4))))
        }
        try refer(reports, &targets)
        return targets
    }

    /// Messages that nobody recorded, found by the name that we gave them.
    private func refer(_ reports: [ReceiptReport], _ targets: inout [[ReceiptTarget]]) throws {
        var references = RowSet((name: "position", kind: .int), (name: "id", kind: .uuid))
        for (index, report) in reports.enumerated() where targets[index].isEmpty && report.event != .overdue {
            if let reference = report.reference { references.append(.int(Int64(index)), .uuid(reference)) }
        }
        guard !references.isEmpty else { return }
        // The members of its batch travelled in the same message.
        for row in try tx.run(
            """
            SELECT r.position, c.communication_id FROM \(references.table(tx.dialect)) AS r
            JOIN crm_communications c ON c.communication_id = r.id
            UNION
            SELECT r.position, m.communication_id FROM \(references.table(tx.dialect)) AS r
            JOIN crm_communications c ON c.communication_id = r.id
            JOIN crm_communications m ON m.batch_id = c.batch_id
            WHERE c.batch_id IS NOT NULL AND (m.status = 'pending' OR m.status = 'queued' OR m.status = 'sending')
            """)
        {
            let index = try row.int(0)
            guard targets.indices.contains(index) else { continue }
            targets[index].append(ReceiptTarget(communication: try row.uuid(1), recorded: nil))
        }
    }

    /// What follows from failures beyond their messages. Before any lock of a row, as those who send take theirs.
    mutating func changeConsent(_ reports: [ReceiptReport], _ targets: [[ReceiptTarget]]) throws {
        guard zip(reports, targets).contains(where: { $0.failure?.consequence != nil && !$1.isEmpty }) else { return }
        try tx.lockAllConsent()
        for (report, targets) in zip(reports, targets) {
            guard let failure = report.failure, failure.consequence != nil, let target = targets.first else { continue }
            let channel = target.recorded?.channel ?? report.channel
            summary.consentChanges += try conclude(failure, target.communication, channel, report.provider)
        }
    }

    /// Locks the communications in the order of their ids, then their rows of the queue as far as nobody else has them.
    mutating func readSubjects(_ ids: Set<CommunicationID>) throws {
        guard !ids.isEmpty else { return }
        var named = RowSet((name: "id", kind: .uuid))
        for id in ids { named.append(.uuid(id)) }
        let lock: SQL = tx.dialect == .postgresql ? "FOR UPDATE OF c" : ""
        for row in try tx.run(
            """
            SELECT \(ReceiptSubject.columns) FROM \(named.table(tx.dialect)) AS u
            JOIN crm_communications c ON c.communication_id = u.id
            ORDER BY c.communication_id \(lock)
            """)
        {
            let subject = try ReceiptSubject(row)
            subjects[subject.id] = subject
        }
        // In a statement of its own: what others committed while the locks were waited for has to be seen.
        var held = RowSet((name: "id", kind: .uuid), (name: "holder", kind: .uuid))
        for subject in subjects.values { held.append(.uuid(subject.id), .uuid(subject.holder)) }
        var waiting = RowSet((name: "id", kind: .uuid))
        for row in try tx.run(
            """
            SELECT u.id, (SELECT MAX(n.sequence) FROM crm_provider_messages n WHERE n.communication_id = u.id), u.holder, q.channel,
                q.attempt, q.lease_token, q.due_at
            FROM \(held.table(tx.dialect)) AS u
            LEFT JOIN crm_delivery_queue q ON q.communication_id = u.holder
            """)
        {
            subjects[try row.uuid(0)]?.newest = try row.int64OrNil(1)
            guard try !row.isNull(3) else { continue }
            let holder = try row.uuid(2)
            storedRows[holder] = try ReceiptQueueRow(row, from: 3, isBusy: tx.dialect == .postgresql)
            waiting.append(.uuid(holder))
        }
        if tx.dialect == .postgresql, !waiting.isEmpty { try lockRows(waiting) }
        rows = storedRows
    }

    private mutating func lockRows(_ waiting: RowSet) throws {
        for row in try tx.run(
            """
            SELECT q.communication_id, q.channel, q.attempt, q.lease_token, q.due_at FROM \(waiting.table(tx.dialect)) AS u
            JOIN crm_delivery_queue q ON q.communication_id = u.id
            FOR UPDATE OF q SKIP LOCKED
            """)
        {
            storedRows[try row.uuid(0)] = try ReceiptQueueRow(row, from: 1, isBusy: false)
        }
    }

    /// How often the log has each of these already.
    func repeats(among entries: [LogEntry]) throws -> [RepeatKey: Int] {
        var asked: Set<RepeatKey> = []
        for entry in entries { if let key = RepeatKey(entry) { asked.insert(key) } }
        guard !asked.isEmpty else { return [:] }
        let keys = Array(asked)
        var named = RowSet(
            (name: "id", kind: .uuid), (name: "message", kind: .text), (name: "word", kind: .text), (name: "details", kind: .text))
        for key in keys { named.append(.uuid(key.communication), .text(key.messageID), .text(key.word), .text(key.details)) }
        var counts: [RepeatKey: Int] = [:]
        for row in try tx.run(
            """
            SELECT u.i, (SELECT COUNT(*) FROM crm_delivery_logs l WHERE l.communication_id = u.id AND l.provider_message_id = u.message
                AND l.delivery_status = u.word AND COALESCE(l.error_details, '') = u.details)
            FROM \(named.table(tx.dialect)) AS u
            """)
        {
            let index = try row.int(0)
            if keys.indices.contains(index) { counts[keys[index]] = try row.int(1) }
        }
        return counts
    }
}

extension ReceiptQueueRow {
    /// Reads `channel, attempt, lease_token, due_at` from `first` on.
    fileprivate init(_ row: Row, from first: Int, isBusy: Bool) throws {
        self.init(
            channel: try row.channel(first), attempt: try row.int(first + 1), isLeased: try !row.isNull(first + 2),
            due: Timestamp(milliseconds: try row.int64(first + 3)), isBusy: isBusy)
    }
}
