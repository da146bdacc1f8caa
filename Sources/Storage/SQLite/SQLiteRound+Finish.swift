import Core

extension SQLiteRound {
    /// - Returns: those whose lease a successor has taken over.
    func finish(_ outcomes: [AttemptOutcome], _ result: inout RoundResult) throws(DatabaseError) -> [CommunicationID] {
        var lost: [CommunicationID] = []
        for outcome in outcomes {
            let effects = OutcomeEffects(outcome: outcome, now: now)
            if case .sent(let messageID, let response) = outcome.result {
                if try letGo(outcome) {
                    try markSent(outcome.id, outcome, messageID, response)
                    for member in outcome.members { try markSent(member, outcome, messageID, response) }
                    try tellSent(outcome, &result)
                    if outcome.receiptID != nil { try expectReceipts(of: outcome, effects) }
                    continue
                }
            } else if try isHeld(outcome) {
                try effects.write(emit)
                if try endpointsExist(), try effects.writeOutgoing(emit) { result.leavesEvents = true }
                result.leavesDue(effects.leavesDue)
                continue
            }
            lost.append(outcome.id)
            try emit(effects.lateEvent())
            if let message = effects.lateProviderMessage() { try emit(message) }
        }
        return lost
    }

    private func isHeld(_ outcome: AttemptOutcome) throws(DatabaseError) -> Bool {
        try !session.run(
            """
            SELECT 1 FROM crm_delivery_queue
            WHERE communication_id = \(outcome.id) AND lease_token = \(outcome.token) AND channel = \(outcome.channel)
            """
        ).isEmpty
    }

    /// Takes the row out of the queue, if the attempt's lease is still ours.
    private func letGo(_ outcome: AttemptOutcome) throws(DatabaseError) -> Bool {
        let statement = try session.hot(.deleteHeldRow)
        var values = statement.binder()
        values.add(outcome.id)
        values.add(outcome.token)
        values.add(outcome.channel.rawValue)
        try statement.run(values)
        return session.changes > 0
    }

    private func expectReceipts(of outcome: AttemptOutcome, _ effects: OutcomeEffects) throws(DatabaseError) {
        for id in [outcome.id] + outcome.members {
            let statement = try session.hot(.insertProviderMessage)
            var values = statement.binder()
            values.add(id)
            values.add(outcome.provider)
            values.add(outcome.receiptID)
            values.add(outcome.channel.rawValue)
            values.add(outcome.attempt)
            values.add(LogSequence.shared.next(at: now))
            try statement.run(values)
        }
        try effects.writeDeadline(emit)
    }

    private func markSent(_ id: CommunicationID, _ outcome: AttemptOutcome, _ messageID: String?, _ response: String?) throws(DatabaseError)
    {
        let communication = try session.hot(.markSent)
        var values = communication.binder()
        values.add(id)
        values.add(outcome.finishedAt)
        values.add(outcome.sandbox)
        values.add(outcome.channel.rawValue)
        try communication.run(values)

        let event = try session.hot(.insertSentEvent)
        var columns = event.binder()
        columns.add(id)
        columns.add(LogSequence.shared.next(at: now))
        columns.add(outcome.finishedAt)
        columns.add(outcome.channel.rawValue)
        columns.add(outcome.attempt)
        columns.add(outcome.startedAt)
        columns.add(outcome.provider)
        columns.add(messageID)
        columns.add(json: response.map(JSONText.string))
        try event.run(columns)
    }

    /// Queues the event of each message that went out, where anybody wants to hear of it.
    private func tellSent(_ outcome: AttemptOutcome, _ result: inout RoundResult) throws(DatabaseError) {
        guard try endpointsExist() else { return }
        result.leavesEvents = true
        let statement = try session.hot(.insertOutgoingSent)
        for id in [outcome.id] + outcome.members {
            var values = statement.binder()
            values.add(id)
            values.add(UUIDv7(at: now))
            values.add(outcome.channel.rawValue)
            values.add(outcome.provider)
            values.add(outcome.finishedAt)
            values.add(now)
            try statement.run(values)
        }
    }
}
