/// The append-only records: audit log and consent ledger, one chain for each business and ledger.
///
/// An entry is inserted without its place in the chain, so that no two transactions wait for each other; a sealer gives it
/// `sequence`, `previous_hash`, `hash` and `seal` afterwards. What erasing a person empties (`payload`, `client_hash`) is covered by
/// `payload_digest` alone.
enum M008_Ledgers {
    static let name = "008_ledgers"

    static let statements: [String] = [
        """
        CREATE TABLE crm_ledger_entries (
            business_id {uuid} NOT NULL,
            ledger {key} NOT NULL CHECK ({oneOf:ledger:audit,consent}),
            entry_id {uuid} NOT NULL,
            occurred_at {time} NOT NULL,
            actor_kind TEXT NOT NULL,
            actor_id TEXT NOT NULL,
            action {key} NOT NULL,
            client_hash {bytes},
            payload {bytes},
            payload_digest {bytes} NOT NULL,
            mac {bytes} NOT NULL,
            sequence {int},
            previous_hash {bytes},
            hash {bytes},
            seal {bytes},
            PRIMARY KEY (business_id, ledger, entry_id)
        ){withoutRowID}{postgresql: WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
            vacuum_index_cleanup = on)}
        """,
        "CREATE UNIQUE INDEX idx_crm_ledger_entries_chain ON crm_ledger_entries (business_id, ledger, sequence) WHERE sequence IS NOT NULL",
        "CREATE INDEX idx_crm_ledger_entries_unsealed ON crm_ledger_entries (business_id, ledger, entry_id) WHERE sequence IS NULL",
        """
        CREATE INDEX idx_crm_ledger_entries_client ON crm_ledger_entries (business_id, client_hash, ledger, entry_id)
            WHERE client_hash IS NOT NULL
        """,
        """
        CREATE TABLE crm_ledger_heads (
            business_id {uuid} NOT NULL,
            ledger {key} NOT NULL CHECK ({oneOf:ledger:audit,consent}),
            sequence {int} NOT NULL,
            hash {bytes} NOT NULL,
            mac {bytes} NOT NULL,
            sealed_at {time} NOT NULL,
            PRIMARY KEY (business_id, ledger)
        ){withoutRowID}
        """,
    ]
}
