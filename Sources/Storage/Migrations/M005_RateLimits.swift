/// What was used of each provider account's rate lately, and the permits that are out.
enum M005_RateLimits {
    static let name = "005_rate_limits"

    static let statements: [String] = [
        // At most about sixty rows for an account, however many messages it sends.
        """
        CREATE TABLE crm_rate_slots (
            account {key} NOT NULL,
            slot_at {int} NOT NULL,
            last_at {int} NOT NULL,
            messages {int} NOT NULL CHECK (messages > 0),
            PRIMARY KEY (account, slot_at)
        ){withoutRowID}
        """,
        // One row for each process that has permits in hand or on their way; good until until_at, then they count as used.
        """
        CREATE TABLE crm_rate_holders (
            account {key} NOT NULL,
            holder {int} NOT NULL,
            permits {int} NOT NULL CHECK (permits > 0),
            until_at {int} NOT NULL,
            PRIMARY KEY (account, holder)
        ){withoutRowID}
        """,
    ]
}
