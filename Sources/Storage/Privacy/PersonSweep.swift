import Core

/// Removes what is held on one person, up to a number of rows at a time, so that nobody who writes behind it waits for long.
struct PersonSweep {
    private let tx: Transaction
    private let client: ClientID
    private let business: BusinessID
    /// Rows that this step may still remove.
    private(set) var left: Int
    private var bytesLeft = Self.mostBytes
    /// Removed so far, by table.
    private(set) var counts: [String: Int]

    /// Of attachments in one step: freeing their pages takes its time.
    private static let mostBytes: Int64 = 8 << 20
    private static let communicationsAtOnce = 64

    init(_ tx: Transaction, client: ClientID, business: BusinessID, budget: Int, counts: [String: Int]) {
        self.tx = tx
        self.client = client
        self.business = business
        self.counts = counts
        left = budget
    }

    private var person: SQL { "business_id = \(business) AND client_id = \(client)" }

    /// - Returns: true when nothing is left but the record itself and what finds it, see ``finish()``.
    mutating func run() throws -> Bool {
        // While the record still tells the number: replies and windows of it.
        try communications()
        if left > 0 { try rows("crm_batches", "batch_id", "batch_id", person) }
        if left > 0 { try events() }
        if left > 0 { try rows("crm_opt_in_requests", "request_id", "request_id", person) }
        if left > 0 { try rows("crm_replies", "reply_id", "reply_id", person) }
        if left > 0 {
            try rows("crm_replies", "reply_id", "reply_id", "business_id = \(business) AND client_id IS NULL AND \(ofTheirNumber)")
        }
        if left > 0 {
            try rows(
                "crm_whatsapp_windows", "business_id, phone_hash", "(business_id, phone_hash)",
                "business_id = \(business) AND (client_id = \(client) OR \(ofTheirNumber))")
        }
        if left > 0 {
            // A request that is still running keeps its key: it may be the one that erases.
            try rows(
                "crm_idempotency_records", "business_id, route, idempotency_key", "(business_id, route, idempotency_key)",
                "\(person) AND status_code IS NOT NULL")
        }
        if left > 0 {
            try rows(
                "crm_access_log", "business_id, client_id, hour, actor_kind, actor_id, kind",
                "(business_id, client_id, hour, actor_kind, actor_id, kind)", person)
        }
        return left > 0
    }

    /// The record and the last traces. Only after ``run()`` has found nothing more, in the same transaction.
    ///
    /// - Parameter actor: who asked for it, for the ledgers.
    mutating func finish(by actor: Actor) throws {
        try execute(
            "crm_event_lanes",
            """
            DELETE FROM crm_event_lanes WHERE lane = \(client.text) AND endpoint_id IN (
                SELECT endpoint_id FROM crm_webhook_endpoints WHERE business_id = \(business))
            """)
        // While the record still tells the addresses.
        try tx.forgetSuppressionDetails(of: client, business: business)
        // The answer of the request that erases is nobody's data.
        try tx.execute("UPDATE crm_idempotency_records SET client_id = NULL WHERE \(person)")
        try execute("crm_client_tags", "DELETE FROM crm_client_tags WHERE \(person)")
        try execute("crm_client_preferences", "DELETE FROM crm_client_preferences WHERE \(person)")
        try execute("crm_clients", "DELETE FROM crm_clients WHERE \(person)")
        let entries = try tx.eraseLedgerEntries(of: client, business: business, by: actor.kind == .client ? .system : actor)
        if entries > 0 { counts["crm_ledger_entries", default: 0] += entries }
        // Once more: a look that was written down meanwhile had to wait for the record, or has found none.
        try execute("crm_access_log", "DELETE FROM crm_access_log WHERE \(person)")
    }

    private var ofTheirNumber: SQL {
        """
        phone_hash IN (SELECT phone_hash FROM crm_clients
            WHERE business_id = \(business) AND client_id = \(client) AND phone_hash IS NOT NULL)
        """
    }

    /// What depends on a communication goes with it. The queue goes first, as every end of an attempt takes it first: whoever
    /// records one holds that row until its commit, and whoever comes later finds neither row nor communication.
    private mutating func communications() throws {
        while left > 0 {
            let limit = min(left, Self.communicationsAtOnce)
            let found = try tx.run(
                "SELECT communication_id FROM crm_communications WHERE \(person) ORDER BY communication_id LIMIT \(limit)")
            guard !found.isEmpty else { return }
            let ids = SQL.padded(try found.map { .uuid(try $0.uuid(0)) })
            try execute("crm_delivery_queue", "DELETE FROM crm_delivery_queue WHERE communication_id IN (\(ids))")
            guard try attachments(of: ids) else { return }
            try execute(
                "crm_unmatched_events",
                """
                DELETE FROM crm_unmatched_events WHERE reference IN (\(ids)) OR provider_message_id IN (
                    SELECT p.provider_message_id FROM crm_provider_messages p
                    WHERE p.communication_id IN (\(ids)) AND p.provider = crm_unmatched_events.provider
                    UNION ALL SELECT l.provider_message_id FROM crm_delivery_logs l WHERE l.communication_id IN (\(ids))
                        AND l.provider_message_id IS NOT NULL AND l.provider = crm_unmatched_events.provider)
                """)
            // Also of addresses that are theirs no more.
            try execute("crm_soft_bounces", "DELETE FROM crm_soft_bounces WHERE communication_id IN (\(ids))")
            try execute("crm_delivery_logs", "DELETE FROM crm_delivery_logs WHERE communication_id IN (\(ids))")
            try execute("crm_sandbox_messages", "DELETE FROM crm_sandbox_messages WHERE communication_id IN (\(ids))")
            try execute("crm_provider_messages", "DELETE FROM crm_provider_messages WHERE communication_id IN (\(ids))")
            try execute("crm_receipt_deadlines", "DELETE FROM crm_receipt_deadlines WHERE communication_id IN (\(ids))")
            try execute("crm_communications", "DELETE FROM crm_communications WHERE communication_id IN (\(ids))")
        }
    }

    /// - Returns: false when some are left for the next step.
    private mutating func attachments(of ids: SQL) throws -> Bool {
        let found = try tx.run(
            """
            SELECT communication_id, position, LENGTH(content) FROM crm_communication_attachments WHERE communication_id IN (\(ids))
            """)
        for row in found {
            if bytesLeft <= 0 { left = 0 }
            guard left > 0 else { return false }
            bytesLeft -= try row.int64(2)
            try execute(
                "crm_communication_attachments",
                "DELETE FROM crm_communication_attachments WHERE communication_id = \(try row.uuid(0)) AND position = \(try row.int(1))")
        }
        return true
    }

    private mutating func events() throws {
        while left > 0 {
            let found = try tx.run(
                "SELECT position FROM crm_outgoing_events WHERE \(person) ORDER BY position LIMIT \(min(left, Self.communicationsAtOnce))")
            guard !found.isEmpty else { return }
            let positions = SQL.padded(try found.map { .int(try $0.int64(0)) })
            // Whoever records an attempt takes the lane first; so does this.
            try tx.run(
                """
                SELECT lane FROM crm_event_lanes WHERE lane = \(client.text) AND endpoint_id IN (
                    SELECT endpoint_id FROM crm_webhook_endpoints WHERE business_id = \(business)) ORDER BY endpoint_id \(tx.dialect.forUpdate)
                """)
            try execute("crm_event_attempts", "DELETE FROM crm_event_attempts WHERE position IN (\(positions))")
            try execute("crm_event_deliveries", "DELETE FROM crm_event_deliveries WHERE position IN (\(positions))")
            try execute("crm_outgoing_events", "DELETE FROM crm_outgoing_events WHERE position IN (\(positions))")
        }
    }

    /// Rows of a table that meet the condition, as many as are left to this step.
    private mutating func rows(_ table: StaticString, _ columns: StaticString, _ key: StaticString, _ condition: SQL) throws {
        try execute(
            table,
            """
            DELETE FROM \(unsafeSQL: table) WHERE \(unsafeSQL: key) IN (
                SELECT \(unsafeSQL: columns) FROM \(unsafeSQL: table) WHERE \(condition) LIMIT \(left))
            """)
    }

    private mutating func execute(_ table: StaticString, _ statement: SQL) throws {
        let removed = try tx.execute(statement)
        left -= removed
        if removed > 0 { counts["\(table)", default: 0] += removed }
    }
}
