/// Public links can be taken back, all of a client's at once.
enum M014_Links {
    static let name = "M014_Links"

    static let statements = [
        "ALTER TABLE crm_clients ADD COLUMN links_revoked_at {time}"
    ]
}
