import Core

/// Brings reports of providers into the record, many in one transaction.
///
/// Everything is read under locks, decided in memory by ``ReceiptRule`` report after report, and what differs at the end is written.
/// Locks: consent of those whom a failure concerns, then the communications in the order of their ids, both waited for; their rows of
/// the queue never (a claim or the end of an attempt may hold one and wait for the communication).
struct ReceiptRound {
    let tx: Transaction
    let policy: RetryPolicy
    /// A random number in 0..<1.
    let jitter: Double
    /// What a failure means for the person, beyond the message.
    let conclude: ReceiptConclusion

    var summary = ReceiptSummary()
    var subjects: [CommunicationID: ReceiptSubject] = [:]
    /// By the communication that holds the row; what was there, and what shall be.
    var storedRows: [CommunicationID: ReceiptQueueRow] = [:]
    var rows: [CommunicationID: ReceiptQueueRow] = [:]
    var log: [LogEntry] = []
    var newMessages: [NewMessage] = []
    var deadlines: [ReceiptDeadline] = []
    /// Reports to be kept until they can be understood, and stored ones that are done with.
    var unmatched: [ReceiptReport] = []
    var done: [UUIDv7] = []
    private var seen: [RepeatKey: Int] = [:]
    private var clients: [ClientKey: ClientSnapshot?] = [:]

    /// How many identical reports the log of a communication keeps.
    static let repeatsKept = 20

    struct LogEntry {
        var communication: CommunicationID
        var type: String
        var at: Timestamp
        var channel: Channel
        var attempt: Int?
        var word: String?
        var provider: String?
        var messageID: String?
        var details: String?
    }

    struct NewMessage {
        var communication: CommunicationID
        var provider: String
        var messageID: String
        var channel: Channel
        var attempt: Int
        var sequence: Int64
    }

    struct RepeatKey: Hashable {
        var communication: CommunicationID
        var messageID: String
        var word: String
        var details: String
    }

    init(_ tx: Transaction, policy: RetryPolicy, jitter: Double, conclude: @escaping ReceiptConclusion) {
        self.tx = tx
        self.policy = policy
        self.jitter = jitter
        self.conclude = conclude
    }

    mutating func run(_ reports: [ReceiptReport]) throws {
        try usePlainPlans()
        let targets = try targets(of: reports)
        try changeConsent(reports, targets)
        try readSubjects(Set(targets.joined().map(\.communication)))
        for (report, targets) in zip(reports, targets) { try take(report, targets.filter { subjects[$0.communication] != nil }) }
        try seen = repeats(among: log)
        log = log.filter { keep($0) }
        try write()
    }

    private mutating func take(_ report: ReceiptReport, _ targets: [ReceiptTarget]) throws {
        // All of them before any is applied: the members of a batch share one row of the queue.
        var decisions: [(target: ReceiptTarget, decision: ReceiptDecision, row: ReceiptQueueRow?)] = []
        for target in targets {
            guard let subject = subjects[target.communication] else { continue }
            decisions.append((target, try decide(report, target), rows[subject.holder]))
        }
        let isLater = decisions.contains { $0.decision.step == .later }
        guard !targets.isEmpty, !isLater else {
            if report.event != .overdue, report.stored == nil { unmatched.append(report) }
            return
        }
        summary.matched += 1
        if let stored = report.stored { done.append(stored) }
        for (target, decision, row) in decisions { apply(decision, report, target, row) }
    }

    // MARK: Deciding

    private mutating func decide(_ report: ReceiptReport, _ target: ReceiptTarget) throws -> ReceiptDecision {
        guard let subject = subjects[target.communication] else { return ReceiptDecision(status: .failed) }
        // Whatever a provider says of a message that nobody recorded, it has it.
        let event = report.told == nil && report.event != .overdue && target.recorded == nil ? .told(.sent) : report.event
        let row = rows[subject.holder]
        let message = self.message(report, target, subject, row)
        var state = ReceiptState(status: subject.fields.status, message: message, queue: queue(target, subject, row))
        if report.event == .told(.bounced) || report.event == .overdue {
            state.fallback = try nextChannel(of: subject)
            state.retryAt = retryTime(report, attempt: attempt(target, row))
        }
        return ReceiptRule.decide(event, state)
    }

    private func message(_ report: ReceiptReport, _ target: ReceiptTarget, _ subject: ReceiptSubject, _ row: ReceiptQueueRow?)
        -> ReceiptState.Message
    {
        guard let recorded = target.recorded else {
            // Mail is not recorded as a message when it is sent, and waits in no other channel's row.
            if report.channel == .email {
                if let row, row.channel == .email { return .unrecorded }
                return subject.fields.channel == .email ? .newest : .earlier
            }
            if row != nil { return .unrecorded }
            return subject.newest == nil ? .newest : .earlier
        }
        // Mail servers give no id to go by: a communication that has moved on to e-mail is known by its channel alone.
        guard recorded.channel == subject.fields.channel || row?.channel == recorded.channel else { return .earlier }
        return recorded.sequence == subject.newest ? .newest : .earlier
    }

    private func queue(_ target: ReceiptTarget, _ subject: ReceiptSubject, _ row: ReceiptQueueRow?) -> ReceiptState.Queue {
        guard let row else { return .empty }
        if row.isBusy { return .busy }
        let (channel, attempt) = target.recorded.map { ($0.channel, $0.attempt) } ?? (row.channel, row.attempt)
        if row.isLeased { return row.channel == channel && row.attempt <= attempt ? .ownRunning : .running }
        // Fewer: a person has asked for all of it again.
        if row.channel == channel { return row.attempt == attempt ? .retryWaits : .laterWaits }
        return row.attempt == 0 ? .fallbackWaits : .laterWaits
    }

    private func attempt(_ target: ReceiptTarget, _ row: ReceiptQueueRow?) -> Int {
        target.recorded?.attempt ?? row?.attempt ?? 1
    }

    private func retryTime(_ report: ReceiptReport, attempt: Int) -> Timestamp? {
        guard report.event == .told(.bounced), let failure = report.failure else { return nil }
        let verdict = policy.next(afterAttempt: attempt, category: failure.category, fallbacks: [], now: tx.now, jitter: jitter)
        if case .retry(let at) = verdict { return at }
        return nil
    }

    private mutating func nextChannel(of subject: ReceiptSubject) throws -> Channel? {
        guard !subject.fields.fallbacks.isEmpty else { return nil }
        let key = ClientKey(subject.business, subject.clientID)
        let known = clients[key]
        let client =
            try known ?? tx.clientSnapshot(subject.clientID, business: subject.business, merging: nil, batchState: false)
        clients[key] = .some(client)
        guard let client else { return nil }
        return ReceiptRule.nextChannel(
            of: subject.fields.fallbacks, category: subject.category, reachable: client.reachable, optOuts: client.stated.optOuts,
            suppressed: client.suppressed,
            marketingAllowed: .all.subtracting(client.marketingStopped).subtracting(client.stated.marketing.refused))
    }

    // MARK: Applying

    private mutating func apply(
        _ decision: ReceiptDecision, _ report: ReceiptReport, _ target: ReceiptTarget, _ row: ReceiptQueueRow?
    ) {
        guard var subject = subjects[target.communication] else { return }
        let before = subject.fields
        let at = min(max(report.at ?? tx.now, subject.createdAt), tx.now)
        let message = target.recorded ?? note(report, of: &subject, row)
        subject.fields.status = decision.status
        subject.stamp(decision.stamps, at: at)
        let isEnd = decision.status == .bounced
        if report.event != .overdue {
            log.append(
                LogEntry(
                    communication: subject.id, type: type(report, isEnd: isEnd), at: at, channel: message.channel,
                    attempt: message.attempt, word: report.word, provider: report.provider, messageID: report.messageID,
                    details: report.details))
        }
        switch decision.step {
        case .none, .later: break
        case .cancelWaiting: cancelWaiting(&subject, row, message.channel)
        case .retry(let due): retry(&subject, message, due)
        case .fallback(let next): fallBack(&subject, report, message.channel, next)
        }
        if isEnd, before.status != .bounced {
            subject.fields.errorMessage = report.details
            subject.fields.errorCategory = report.failure?.category.rawValue
        }
        noteReached(subject, before, at, message.channel, isRunning: row?.isLeased == true)
        subjects[subject.id] = subject
    }

    private func type(_ report: ReceiptReport, isEnd: Bool) -> String {
        switch report.told {
        case .bounced: isEnd ? "bounced" : "undelivered"
        case .some(let event): event.rawValue
        case nil: "provider_status"
        }
    }

    /// The provider has a message that nobody recorded: from now on it is known by its id.
    private mutating func note(
        _ report: ReceiptReport, of subject: inout ReceiptSubject, _ row: ReceiptQueueRow?
    ) -> (channel: Channel, attempt: Int, sequence: Int64) {
        let current = row?.channel ?? subject.fields.channel
        let isMail = report.channel == .email
        let isNewest = isMail ? current == .email : row != nil || subject.newest == nil
        let sequence = isNewest ? LogSequence.shared.next(at: tx.now) : 0
        let channel = isMail ? Channel.email : current
        let message = (channel: channel, attempt: row?.attempt ?? 1, sequence: sequence)
        newMessages.append(
            NewMessage(
                communication: subject.id, provider: report.provider, messageID: report.messageID, channel: message.channel,
                attempt: message.attempt, sequence: sequence))
        if isNewest { subject.newest = sequence }
        if let seconds = subject.fallbackAfter, isNewest, !subject.fields.fallbacks.isEmpty, report.told == .sent || report.told == nil,
            subject.holder == subject.id
        {
            deadlines.append(
                ReceiptDeadline(
                    communication: subject.id, provider: report.provider, messageID: report.messageID, seconds: seconds,
                    due: tx.now.adding(seconds: Int64(seconds))))
        }
        return message
    }

    private mutating func cancelWaiting(_ subject: inout ReceiptSubject, _ row: ReceiptQueueRow?, _ channel: Channel) {
        guard let row else { return }
        if row.channel != channel {
            // As it was before: should the message fail after all, the way on is the same again.
            subject.fields.fallbacks = [row.channel] + subject.fields.fallbacks.filter { $0 != row.channel }
        }
        subject.fields.channel = channel
        if subject.holder == subject.id { rows[subject.id] = nil }
        log.append(
            LogEntry(
                communication: subject.id, type: row.channel == channel ? "retry_cancelled" : "fallback_cancelled", at: tx.now,
                channel: row.channel, details: "a receipt came first"))
    }

    private mutating func retry(
        _ subject: inout ReceiptSubject, _ message: (channel: Channel, attempt: Int, sequence: Int64), _ due: Timestamp
    ) {
        subject.fields.channel = message.channel
        subject.fields.scheduledFor = due
        subject.fields.retries += 1
        if subject.holder == subject.id {
            rows[subject.id] = ReceiptQueueRow(channel: message.channel, attempt: message.attempt, isLeased: false, due: due)
        }
        summary.retries.append(message.channel)
        log.append(
            LogEntry(communication: subject.id, type: "retry_scheduled", at: tx.now, channel: message.channel, details: nil))
    }

    private mutating func fallBack(_ subject: inout ReceiptSubject, _ report: ReceiptReport, _ from: Channel, _ next: Channel) {
        subject.fields.channel = next
        subject.fields.fallbacks = Array(subject.fields.fallbacks.drop { $0 != next }.dropFirst())
        subject.fields.scheduledFor = tx.now
        if subject.holder == subject.id {
            rows[subject.id] = ReceiptQueueRow(channel: next, attempt: 0, isLeased: false, due: tx.now)
        }
        summary.fallbacks.append(from)
        let because = report.details.map { "\($0); " } ?? ""
        log.append(
            LogEntry(communication: subject.id, type: "fallback", at: tx.now, channel: next, details: "\(because)now \(next.rawValue)"))
    }

    /// - Parameter isRunning: the attempt's own end will say that it was sent.
    private mutating func noteReached(
        _ subject: ReceiptSubject, _ before: ReceiptSubject.Fields, _ at: Timestamp, _ channel: Channel, isRunning: Bool
    ) {
        let status = subject.fields.status
        guard status != before.status, status != .pending, status != .queued, !(status == .sent && isRunning) else { return }
        var time: Int64?
        if before.deliveredAt == nil, let delivered = subject.fields.deliveredAt, let sent = subject.fields.sentAt {
            time = max(0, delivered.milliseconds &- sent.milliseconds)
        }
        summary.reached.append(
            ReceiptSummary.Reached(
                communication: subject.id, business: subject.business, clientID: subject.clientID, messageType: subject.messageType,
                channel: channel, status: status, at: at, deliveryTime: time))
    }

    /// Whether the log has room for one more of these.
    private mutating func keep(_ entry: LogEntry) -> Bool {
        guard let key = RepeatKey(entry) else { return true }
        let count = seen[key, default: 0]
        seen[key] = count + 1
        return count < Self.repeatsKept
    }
}

extension ReceiptRound.RepeatKey {
    /// Nil for what is no provider's word.
    init?(_ entry: ReceiptRound.LogEntry) {
        guard let messageID = entry.messageID, let word = entry.word else { return nil }
        self.init(communication: entry.communication, messageID: messageID, word: word, details: entry.details ?? "")
    }
}
