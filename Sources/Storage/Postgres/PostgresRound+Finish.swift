import Core

extension PostgresRound {
    mutating func queueSent(_ connection: PostgresConnection) throws(DatabaseError) {
        var held: [AttemptOutcome] = []
        for (index, outcome) in plainSent {
            // Removed, so that the same attempt told twice is recorded once.
            if known.endedLeases.remove(Lease(id: outcome.id, token: outcome.token)) != nil {
                held.append(outcome)
            } else {
                lose(outcome, at: index, connection)
            }
        }
        for sandbox in [false, true] {
            var rest = held.filter { $0.sandbox == sandbox }[...]
            while !rest.isEmpty {
                try recordSent(rest.prefix(PostgresHotSQL.finishLimit), sandbox: sandbox, connection)
                rest = rest.dropFirst(PostgresHotSQL.finishLimit)
            }
        }
    }

    private mutating func recordSent(_ outcomes: ArraySlice<AttemptOutcome>, sandbox: Bool, _ connection: PostgresConnection)
        throws(DatabaseError)
    {
        let (uuid, text, int4, int8) = (PostgresType.uuid, PostgresType.text, PostgresType.int4, PostgresType.int8)
        let (json, time) = (PostgresType.json, PostgresType.timestamptz)
        var columns = [uuid, time, text].map { PostgresArray($0) }
        var logged = [int8, time, int4, text, text, json].map { PostgresArray($0) }
        for outcome in outcomes {
            guard case .sent(let messageID, let response) = outcome.result else { continue }
            columns[0].append(outcome.id)
            columns[1].append(outcome.finishedAt)
            columns[2].append(outcome.channel.rawValue)
            logged[0].append(LogSequence.shared.next(at: now))
            logged[1].append(outcome.startedAt)
            logged[2].append(Int64(outcome.attempt))
            logged[3].append(outcome.provider)
            logged[4].append(messageID)
            logged[5].append(response.map(JSONText.string))
        }
        var shared = PostgresParameters()
        for column in columns { shared.append(column) }
        var changes = shared
        changes.append(.bool(sandbox))
        connection.queue(PostgresHotSQL.finishSent, changes)
        for column in logged { shared.append(column) }
        connection.queue(PostgresHotSQL.logSent, shared)
        try recordProviderMessages(outcomes, connection)
        if known.hasEndpoints { tellSent(outcomes, sandbox: sandbox, connection) }
    }

    private mutating func tellSent(_ outcomes: ArraySlice<AttemptOutcome>, sandbox: Bool, _ connection: PostgresConnection) {
        let (uuid, text) = (PostgresType.uuid, PostgresType.text)
        var columns = [uuid, uuid, PostgresType.timestamptz, text, text].map { PostgresArray($0) }
        for outcome in outcomes {
            columns[0].append(UUIDv7(at: now))
            columns[1].append(outcome.id)
            columns[2].append(outcome.finishedAt)
            columns[3].append(outcome.channel.rawValue)
            columns[4].append(outcome.provider)
        }
        var parameters = PostgresParameters(columns)
        parameters.append(.bool(sandbox))
        parameters.append(.time(now))
        connection.queue(PostgresHotSQL.tellSent, parameters)
        result.leavesEvents = true
    }

    /// Not for e-mail, of which no provider tells.
    private func recordProviderMessages(_ outcomes: ArraySlice<AttemptOutcome>, _ connection: PostgresConnection) throws(DatabaseError) {
        let told = outcomes.filter { $0.receiptID != nil }
        guard !told.isEmpty else { return }
        let (text, int4, int8) = (PostgresType.text, PostgresType.int4, PostgresType.int8)
        var columns = [PostgresType.uuid, text, text, text, int4, int8].map { PostgresArray($0) }
        for outcome in told {
            columns[0].append(outcome.id)
            columns[1].append(outcome.provider)
            columns[2].append(outcome.receiptID)
            columns[3].append(outcome.channel.rawValue)
            columns[4].append(Int64(outcome.attempt))
            columns[5].append(LogSequence.shared.next(at: now))
        }
        connection.queue(PostgresHotSQL.insertProviderMessages, PostgresParameters(columns))
        for outcome in told {
            try OutcomeEffects(outcome: outcome, now: now).writeDeadline { (sql) throws(DatabaseError) in connection.queue(sql) }
        }
    }

    /// A successor has the lease, or the communication was erased: one event, if there is a communication still. Locked,
    /// so that it can not be erased meanwhile.
    private mutating func lose(_ outcome: AttemptOutcome, at index: Int, _ connection: PostgresConnection) {
        result.lose(outcome.id, at: index)
        let effects = OutcomeEffects(outcome: outcome, now: now)
        connection.queue("\(effects.lateEvent()) FOR KEY SHARE")
        if let message = effects.lateProviderMessage() { connection.queue(message) }
    }

    mutating func queueOutcomes(_ connection: PostgresConnection) throws(DatabaseError) {
        for (index, outcome) in outcomes {
            let effects = OutcomeEffects(outcome: outcome, now: now)
            if known.heldLeases.contains(outcome.id) {
                try effects.write { (sql) throws(DatabaseError) in connection.queue(sql) }
                if known.hasEndpoints, try effects.writeOutgoing({ (sql) throws(DatabaseError) in connection.queue(sql) }) {
                    result.leavesEvents = true
                }
                result.leavesDue(effects.leavesDue)
            } else {
                lose(outcome, at: index, connection)
            }
        }
    }
}

extension RoundResult {
    fileprivate mutating func lose(_ id: CommunicationID, at index: Int) {
        if case .ids(let lost) = replies[index] { replies[index] = .ids(lost + [id]) }
    }
}
