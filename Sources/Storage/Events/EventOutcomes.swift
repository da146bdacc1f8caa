import Core

extension Transaction {
    /// Records how attempts at one endpoint ended. A lane that a successor has taken over stays as it is.
    ///
    /// - Returns: why the endpoint was switched off by this; nil in the ordinary case.
    public func finishEvents(
        _ outcomes: [EventOutcome], endpoint: UUIDv7, token: Int64, policy: WebhookRetryPolicy
    ) throws(DatabaseError) -> String? {
        let held = try heldLanes(outcomes, endpoint, token)
        let ours = outcomes.filter { held.contains($0.due.lane) }
        guard !ours.isEmpty else { return nil }
        try writeDeliveries(ours, endpoint)
        try writeAttempts(ours.filter { $0.result != .released }, endpoint)
        try writeLanes(ours, endpoint)
        return try noteHealth(ours.filter { $0.result != .released }, endpoint, policy)
    }

    private func heldLanes(_ outcomes: [EventOutcome], _ endpoint: UUIDv7, _ token: Int64) throws(DatabaseError) -> Set<String> {
        let lanes = Set(outcomes.map(\.due.lane)).sorted().map { SQLValue.text($0) }
        var held: Set<String> = []
        for row in try run(
            """
            SELECT lane FROM crm_event_lanes WHERE endpoint_id = \(endpoint) AND lease_token = \(token) AND lane IN (\(SQL.padded(lanes)))
            ORDER BY lane \(dialect.forUpdate)
            """)
        {
            held.insert(try row.text(0))
        }
        return held
    }

    private func writeDeliveries(_ outcomes: [EventOutcome], _ endpoint: UUIDv7) throws(DatabaseError) {
        for (status, result) in [("delivered", EventOutcome.Result.delivered), ("failed", .failed)] {
            let positions = outcomes.filter { $0.result == result }.map { SQLValue.int($0.due.event.position) }
            guard !positions.isEmpty else { continue }
            try execute(
                """
                UPDATE crm_event_deliveries SET status = \(status), attempts = attempts + 1, finished_at = \(now), next_attempt_at = NULL
                WHERE endpoint_id = \(endpoint) AND position IN (\(SQL.padded(positions)))
                """)
        }
        for outcome in outcomes {
            guard case .retry(let at) = outcome.result else { continue }
            try execute(
                """
                UPDATE crm_event_deliveries SET attempts = attempts + 1, next_attempt_at = \(at)
                WHERE endpoint_id = \(endpoint) AND position = \(outcome.due.event.position)
                """)
        }
    }

    /// Nothing for events that were erased meanwhile; the others' rows are locked by what was written just now.
    private func writeAttempts(_ outcomes: [EventOutcome], _ endpoint: UUIDv7) throws(DatabaseError) {
        // An endpoint that is gone has no deliveries either.
        guard !outcomes.isEmpty, let business = try business(ofEndpoint: endpoint) else { return }
        for outcome in outcomes {
            let (position, attempt) = (outcome.due.event.position, LogSequence.shared.next(at: now))
            let response = try content.stored(outcome.response, .endpointResponse(business, endpoint, position, attempt))
            try execute(
                """
                INSERT INTO crm_event_attempts (endpoint_id, position, attempt_id, attempted_at, duration_ms, response_status, error, response)
                SELECT d.endpoint_id, d.position, \(attempt), \(outcome.startedAt), \(outcome.duration),
                    CAST(\(outcome.responseStatus.map { SQLValue.int(Int64($0)) } ?? .null) AS integer), CAST(\(outcome.error) AS text),
                    CAST(\(response) AS text)
                FROM crm_event_deliveries d WHERE d.endpoint_id = \(endpoint) AND d.position = \(position)
                """)
        }
    }

    private func writeLanes(_ outcomes: [EventOutcome], _ endpoint: UUIDv7) throws(DatabaseError) {
        var done: [SQLValue] = []
        for outcome in outcomes {
            guard case .retry(let at) = outcome.result else {
                done.append(.text(outcome.due.lane))
                continue
            }
            try execute(
                """
                UPDATE crm_event_lanes SET due_at = \(at.milliseconds), lease_token = NULL
                WHERE endpoint_id = \(endpoint) AND lane = \(outcome.due.lane)
                """)
        }
        guard !done.isEmpty else { return }
        let list = SQL.padded(done)
        // Statements of their own: they see what was written to these lanes before they were locked.
        try execute(
            """
            DELETE FROM crm_event_lanes WHERE endpoint_id = \(endpoint) AND lane IN (\(list)) AND NOT EXISTS (
                SELECT 1 FROM crm_event_deliveries d WHERE d.endpoint_id = crm_event_lanes.endpoint_id AND d.lane = crm_event_lanes.lane
                    AND d.status = 'waiting')
            """)
        try execute(
            """
            UPDATE crm_event_lanes SET due_at = \(now.milliseconds), lease_token = NULL
            WHERE endpoint_id = \(endpoint) AND lane IN (\(list))
            """)
    }

    /// One success among them shows that the endpoint works.
    private func noteHealth(
        _ outcomes: [EventOutcome], _ endpoint: UUIDv7, _ policy: WebhookRetryPolicy
    ) throws(DatabaseError) -> String? {
        guard let first = outcomes.first else { return nil }
        if outcomes.contains(where: { $0.result == .delivered }) {
            try execute(
                "UPDATE crm_webhook_endpoints SET failing_since = NULL WHERE endpoint_id = \(endpoint) AND failing_since IS NOT NULL")
            return nil
        }
        let since = outcomes.reduce(first.startedAt) { min($0, $1.startedAt) }
        try execute("UPDATE crm_webhook_endpoints SET failing_since = \(since) WHERE endpoint_id = \(endpoint) AND failing_since IS NULL")
        let failingSince = try run("SELECT failing_since FROM crm_webhook_endpoints WHERE endpoint_id = \(endpoint)").first?.timeOrNil(0)
        let reason: String
        if outcomes.contains(where: \.isGone) {
            reason = "the endpoint answered 410 Gone"
        } else if policy.isHopeless(failingSince: failingSince ?? nil, now: now) {
            reason = "every delivery has failed for 28 hours"
        } else {
            return nil
        }
        let disabled = try execute(
            """
            UPDATE crm_webhook_endpoints SET is_enabled = \(false), disabled_reason = \(reason), disabled_at = \(now), updated_at = \(now)
            WHERE endpoint_id = \(endpoint) AND is_enabled = \(true)
            """)
        return disabled > 0 ? reason : nil
    }
}
