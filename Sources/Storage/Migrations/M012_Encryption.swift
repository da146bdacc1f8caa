/// Room for sealed content beside the columns that held it in the clear; what is there stays readable in either form.
enum M012_Encryption {
    static let name = "M012_Encryption"

    static let statements = [
        // Bytes, because PostgreSQL's `json` takes nothing else, and base64 would cost a third more of every message.
        "ALTER TABLE crm_communications ADD COLUMN sealed_context {bytes}",
        "ALTER TABLE crm_communication_attachments ADD COLUMN is_sealed {bool} NOT NULL DEFAULT FALSE",
        // Keyed hashes of the beginnings of a sealed name's words, eight bytes each.
        "ALTER TABLE crm_clients ADD COLUMN name_words {bytes}",
    ]
}
