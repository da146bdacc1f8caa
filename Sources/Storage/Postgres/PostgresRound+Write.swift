import Core

extension PostgresRound {
    /// Runs plans and gates, and queues everything that they write.
    mutating func queueWrites(on connection: PostgresConnection) throws(DatabaseError) {
        for (index, acceptance) in acceptances { result.replies[index] = .accepted(decide(acceptance)) }
        try queueClients(connection)
        queueCommunications(connection)
        queueQueueRows(connection)
        queueIdempotencyRecords(connection)
        try queueAudit(connection)
        for index in accepted.indices {
            try accepted[index].writeRest(dialect: .postgresql) { (sql) throws(DatabaseError) in connection.queue(sql) }
            if known.hasEndpoints, try accepted[index].writeOutgoing({ (sql) throws(DatabaseError) in connection.queue(sql) }) {
                result.leavesEvents = true
            }
            result.leavesDue(accepted[index].leavesDue)
        }
        try queueSent(connection)
        try queueOutcomes(connection)
        for (position, claim) in claims.enumerated() {
            result.replies[claim.index] = .claimed(try queueClaim(claim.request, known.candidates[position], connection))
        }
    }
}
