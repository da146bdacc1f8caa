/// Why an address is on the suppression list and who says so, and how often it failed for a while.
enum M010_Bounces {
    static let name = "M010_Bounces"

    static let statements = [
        // Which side says so: `dsn`, `arf`, a provider's name, `api`; nil for what came before this was kept.
        "ALTER TABLE crm_suppressions ADD COLUMN source TEXT",
        // A JSON object without personal data: status code, the server's words without addresses.
        "ALTER TABLE crm_suppressions ADD COLUMN evidence {document}",
        // A person's words, sealed.
        "ALTER TABLE crm_suppressions ADD COLUMN note {bytes}",
        "CREATE INDEX idx_crm_suppressions_created ON crm_suppressions (business_id, created_at, address_hash, channel)",
        // Each message counts once, however often its failure is told.
        """
        CREATE TABLE crm_soft_bounces (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            address_hash {bytes} NOT NULL,
            communication_id {uuid} NOT NULL,
            bounced_at {time} NOT NULL,
            PRIMARY KEY (business_id, address_hash, communication_id)
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_soft_bounces_bounced ON crm_soft_bounces (bounced_at)",
    ]
}
