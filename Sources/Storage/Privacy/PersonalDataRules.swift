/// What an erasure does with each table. A test walks the whole schema: a table that is not decided about here fails it, and so does
/// one in which anything of a person is found afterwards.
public enum PersonalDataRule: Sendable, Hashable {
    /// Every row of the person goes, or everything of them in it is emptied.
    case erased
    /// Only a keyed hash is kept, for this reason.
    case keepsHash(String)
    /// It never holds anything of a client, because of this.
    case holdsNone(String)

    private static let staff = "people of the business, no clients"

    /// By table.
    public static let tables: [String: PersonalDataRule] = [
        "crm_access_log": .erased,
        "crm_api_keys": .holdsNone("keys belong to a business"),
        "crm_batches": .erased,
        "crm_businesses": .holdsNone("the business's own profile"),
        "crm_client_preferences": .erased,
        "crm_client_tags": .erased,
        "crm_client_import_errors": .holdsNone("line numbers and fields, never what stood in the line"),
        "crm_client_imports": .holdsNone("sums over everybody in the file"),
        "crm_clients": .erased,
        "crm_communication_attachments": .erased,
        "crm_communication_templates": .holdsNone("texts for everybody"),
        "crm_communication_totals": .holdsNone("sums over everybody"),
        "crm_communications": .erased,
        "crm_delivery_logs": .erased,
        "crm_delivery_queue": .erased,
        "crm_erasures": .keepsHash("the receipt; the hash finds it again for who knows the client id"),
        "crm_event_attempts": .erased,
        "crm_event_deliveries": .erased,
        "crm_event_lanes": .erased,
        "crm_idempotency_records": .erased,
        "crm_invitations": .holdsNone(staff),
        // Emptied: the entry stays, so that its chain can be checked, and tells of nobody.
        "crm_ledger_entries": .erased,
        "crm_ledger_heads": .holdsNone("the ends of chains of hashes"),
        "crm_memberships": .holdsNone(staff),
        "crm_message_types": .holdsNone("settings"),
        "crm_oidc_identities": .holdsNone(staff),
        "crm_oidc_states": .holdsNone(staff),
        "crm_opt_in_requests": .erased,
        "crm_outgoing_events": .erased,
        "crm_password_resets": .holdsNone(staff),
        "crm_provider_messages": .erased,
        "crm_rate_holders": .holdsNone("provider accounts"),
        "crm_rate_slots": .holdsNone("provider accounts"),
        "crm_receipt_deadlines": .erased,
        "crm_refresh_tokens": .holdsNone(staff),
        "crm_replies": .erased,
        "crm_reply_patterns": .holdsNone("settings"),
        "crm_sandbox_messages": .erased,
        "crm_sessions": .holdsNone(staff),
        "crm_sign_in_attempts": .holdsNone(staff),
        "crm_soft_bounces": .erased,
        "crm_suppressions": .keepsHash("what somebody refused stays refused"),
        "crm_token_families": .holdsNone(staff),
        "crm_topics": .holdsNone("settings"),
        "crm_unmatched_events": .erased,
        "crm_user_recovery_codes": .holdsNone(staff),
        "crm_users": .holdsNone(staff),
        "crm_webhook_endpoints": .holdsNone("settings"),
        "crm_whatsapp_mappings": .holdsNone("settings"),
        "crm_whatsapp_templates": .holdsNone("settings"),
        "crm_whatsapp_windows": .erased,
        "rapport_meta": .holdsNone("facts about the store"),
        "rapport_migrations": .holdsNone("facts about the store"),
    ]
}
