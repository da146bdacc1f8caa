import Core

/// A column whose values are sealed, and how each value's ``SealContext`` follows from its row.
public struct SealedColumn: Sendable {
    /// How the values stand in the column.
    public enum Form: Sendable, Hashable {
        /// The sealed bytes themselves.
        case bytes
        /// ``SealedValue/text`` in a text column; values without its mark are in the clear.
        case text
        /// ``SealedValue/text`` as a JSON string; other JSON is in the clear.
        case json
    }

    /// A column of the primary key.
    public struct Key: Sendable {
        public enum Kind: Sendable, Hashable {
            case uuid, text, int, bytes
        }

        let name: StaticString
        let kind: Kind

        public static func uuid(_ name: StaticString) -> Key { Key(name: name, kind: .uuid) }
        public static func text(_ name: StaticString) -> Key { Key(name: name, kind: .text) }
        public static func int(_ name: StaticString) -> Key { Key(name: name, kind: .int) }
        /// In the row's name: hexadecimal digits.
        public static func bytes(_ name: StaticString) -> Key { Key(name: name, kind: .bytes) }
    }

    /// Where the row's business stands.
    public enum Owner: Sendable {
        /// In the row, as `business_id`.
        case row
        /// In the communication that the row belongs to.
        case communication
        /// In the endpoint that the row belongs to.
        case endpoint
        /// Nowhere: the value is the installation's (business 0).
        case installation
    }

    let tableName: StaticString
    let columnName: StaticString
    /// The column's name in the ``SealContext``, where a value moves to this column with the seal of another.
    let sealedAs: String
    public let form: Form
    let keys: [Key]
    let owner: Owner
    /// A column that names the row in the ``SealContext`` in place of its keys.
    let rowName: Key?
    /// A boolean column that says which values are sealed; nil: all that are there.
    let flag: StaticString?
    /// Bytes that do not begin as a sealed value does are in the clear.
    let mayBePlain: Bool
    /// Rows that are read at a time: fewer where values are large.
    let page: Int
    /// The row's name in the ``SealContext``, out of its keys' texts in order.
    let row: @Sendable ([String]) -> String

    public var table: String { "\(tableName)" }
    public var column: String { "\(columnName)" }
    public var keyNames: [String] { keys.map { "\($0.name)" } }
    /// `table.column`, for people.
    public var name: String { "\(tableName).\(columnName)" }

    /// - Parameters:
    ///   - keys: the whole primary key in its order, by which the table is walked.
    ///   - rowName: a column beside the keys by which the row is named in the place of its values.
    ///   - row: by default ``rowName``'s text, or the keys without the business, with spaces between.
    public init(
        _ table: StaticString, _ column: StaticString, form: Form = .bytes, keys: [Key], owner: Owner = .row, rowName: Key? = nil,
        sealedAs: String? = nil, flag: StaticString? = nil, mayBePlain: Bool = false, page: Int = 250,
        row: (@Sendable ([String]) -> String)? = nil
    ) {
        tableName = table
        columnName = column
        self.sealedAs = sealedAs ?? "\(column)"
        self.form = form
        self.keys = keys
        self.owner = owner
        self.rowName = rowName
        self.flag = flag
        self.mayBePlain = mayBePlain
        self.page = page
        let isBusiness = keys.map { "\($0.name)" == "business_id" }
        self.row = row ?? { keys in zip(keys, isBusiness).filter { !$0.1 }.map(\.0).joined(separator: " ") }
    }

    /// The place of the value in the row with these keys.
    ///
    /// - Parameter rowName: what stands in the row's own ``rowName``, where it has one.
    public func place(business: BusinessID, keys: [String], rowName: String? = nil) -> SealContext {
        SealContext(table: table, column: sealedAs, business: business, row: rowName ?? row(keys))
    }
}

/// Every sealed column of the schema: what a key rotation walks, and what a test compares with the schema.
///
/// Whoever adds a column of sealed values adds it here. Values of `rapport_meta` are in ``Cipher/storeSecrets``.
public enum SealedColumns {
    public static let all: [SealedColumn] = [
        SealedColumn("crm_clients", "email", keys: [.uuid("business_id"), .text("client_id")]),
        SealedColumn("crm_clients", "phone_number", keys: [.uuid("business_id"), .text("client_id")]),
        SealedColumn("crm_clients", "name", form: .text, keys: [.uuid("business_id"), .text("client_id")]),
        SealedColumn("crm_clients", "attributes", form: .json, keys: [.uuid("business_id"), .text("client_id")]),
        SealedColumn("crm_communications", "sealed_context", keys: [.uuid("communication_id")]),
        SealedColumn(
            "crm_communication_attachments", "filename", form: .text, keys: [.uuid("communication_id"), .int("position")],
            owner: .communication),
        SealedColumn(
            "crm_communication_attachments", "content", keys: [.uuid("communication_id"), .int("position")], owner: .communication,
            flag: "is_sealed", page: 4),
        SealedColumn("crm_replies", "sender", keys: [.uuid("reply_id")]),
        SealedColumn("crm_replies", "content", keys: [.uuid("reply_id")]),
        SealedColumn("crm_replies", "value", form: .text, keys: [.uuid("reply_id")]),
        SealedColumn("crm_sandbox_messages", "recipient", keys: [.uuid("message_id")]),
        SealedColumn("crm_sandbox_messages", "subject", form: .text, keys: [.uuid("message_id")]),
        SealedColumn("crm_sandbox_messages", "text_body", form: .text, keys: [.uuid("message_id")]),
        SealedColumn("crm_sandbox_messages", "html_body", form: .text, keys: [.uuid("message_id")], page: 100),
        SealedColumn("crm_sandbox_messages", "note", form: .text, keys: [.uuid("message_id")]),
        SealedColumn("crm_outgoing_events", "data", form: .json, keys: [.int("position")], rowName: .uuid("event_id")),
        SealedColumn(
            "crm_event_attempts", "response", form: .text, keys: [.uuid("endpoint_id"), .int("position"), .int("attempt_id")],
            owner: .endpoint),
        // Accounts belong to no business.
        SealedColumn("crm_users", "email", keys: [.uuid("user_id")], owner: .installation),
        SealedColumn("crm_users", "name", keys: [.uuid("user_id")], owner: .installation),
        SealedColumn("crm_users", "totp_secret", keys: [.uuid("user_id")], owner: .installation),
        SealedColumn("crm_invitations", "email", keys: [.uuid("invitation_id")]),
        SealedColumn("crm_ledger_entries", "payload", keys: [.uuid("business_id"), .text("ledger"), .uuid("entry_id")]),
        SealedColumn(
            "crm_opt_in_requests", "statement", keys: [.uuid("business_id"), .text("client_id"), .text("channel")],
            rowName: .uuid("request_id")),
        SealedColumn(
            "crm_suppressions", "note", keys: [.uuid("business_id"), .bytes("address_hash"), .text("channel")],
            row: { keys in keys.count == 3 ? "\(keys[2])-\(keys[1])" : "" }),
        SealedColumn("crm_webhook_endpoints", "secret", keys: [.uuid("endpoint_id")]),
        // The secret itself moves here, with its seal, when another takes its place.
        SealedColumn("crm_webhook_endpoints", "previous_secret", keys: [.uuid("endpoint_id")], sealedAs: "secret"),
        // Answers to messages hold nothing but ids and are kept in the clear.
        SealedColumn(
            "crm_idempotency_records", "answer", keys: [.uuid("business_id"), .text("route"), .text("idempotency_key")],
            mayBePlain: true),
    ]

    /// Columns of bytes that hold nothing to be opened, with the reason.
    public static let others: [String: String] = [
        "crm_api_keys.key_hash": "SHA-256 of a random secret",
        "crm_clients.email_hash": "keyed hash",
        "crm_clients.phone_hash": "keyed hash",
        "crm_suppressions.address_hash": "keyed hash",
        "crm_idempotency_records.fingerprint": "SHA-256 of a request",
        "crm_replies.phone_hash": "keyed hash",
        "crm_whatsapp_windows.phone_hash": "keyed hash",
        "crm_clients.name_words": "keyed hashes",
        "crm_users.email_hash": "keyed hash",
        "crm_user_recovery_codes.code_hash": "keyed hash",
        "crm_sessions.token_hash": "SHA-256 of a random secret",
        "crm_sessions.key_hash": "SHA-256 of a random secret",
        "crm_invitations.email_hash": "keyed hash",
        "crm_invitations.token_hash": "SHA-256 of a random secret",
        "crm_password_resets.token_hash": "SHA-256 of a random secret",
        "crm_sign_in_attempts.subject": "keyed hash",
        "crm_refresh_tokens.token_hash": "SHA-256 of a random secret",
        "crm_oidc_states.state_hash": "SHA-256 of a random secret",
        "crm_oidc_states.browser_hash": "SHA-256 of a random secret",
        "crm_ledger_entries.client_hash": "keyed hash",
        "crm_ledger_entries.payload_digest": "SHA-256 of a payload with random salt",
        "crm_ledger_entries.mac": "authentication code",
        "crm_ledger_entries.previous_hash": "SHA-256 of the entry before",
        "crm_ledger_entries.hash": "SHA-256 of the entry",
        "crm_ledger_entries.seal": "authentication code",
        "crm_ledger_heads.hash": "SHA-256 of an entry",
        "crm_ledger_heads.mac": "authentication code",
        "crm_soft_bounces.address_hash": "keyed hash",
        "crm_erasures.client_hash": "keyed hash",
        "crm_client_imports.fingerprint": "SHA-256 of a request",
    ]
}
