import Core

extension PostgresRound {
    mutating func queueClaim(_ request: ClaimRequest, _ candidates: [ClaimCandidate], _ connection: PostgresConnection)
        throws(DatabaseError) -> ClaimResult
    {
        var begun: [DueDelivery] = []
        var turnedAway = 0
        for candidate in candidates.prefix(max(0, request.limit)) {
            let effects = ClaimEffects(candidate: candidate, now: now)
            guard candidate.isOpen else {
                turnedAway += 1
                try effects.writeSettled { (sql) throws(DatabaseError) in connection.queue(sql) }
                continue
            }
            try effects.writePreamble { (sql) throws(DatabaseError) in connection.queue(sql) }
            let decision = request.gate(candidate.delivery, now)
            if case .begin = decision {
                begun.append(candidate.delivery)
                continue
            }
            turnedAway += 1
            if case .postpone(let until, _) = decision { result.leavesDue(until) }
            if case .moveTo = decision { result.leavesDue(now) }
            try effects.write(decision, request) { (sql) throws(DatabaseError) in connection.queue(sql) }
            if known.hasEndpoints, try effects.writeOutgoing(decision, { (sql) throws(DatabaseError) in connection.queue(sql) }) {
                result.leavesEvents = true
            }
        }
        if !begun.isEmpty {
            var queue = PostgresParameters()
            queue.append(PostgresArray(PostgresType.uuid, begun.map { .uuid($0.id) }))
            queue.append(.int(request.token))
            queue.append(.int(now.milliseconds))
            queue.append(.int(request.leaseUntil.milliseconds))
            connection.queue(PostgresHotSQL.beginQueue, queue)
            var communications = PostgresParameters()
            communications.append(
                PostgresArray(PostgresType.uuid, begun.flatMap { [$0.id] + $0.members.map(\.id) }.map { .uuid($0) }))
            connection.queue(PostgresHotSQL.beginCommunications, communications)
        }
        return ClaimResult(begun: begun, turnedAway: turnedAway, more: candidates.count > request.limit)
    }
}
