import Communications
import Core
import Storage

/// The approved and other templates of the installation's WhatsApp account.
struct WhatsAppTemplatesAPI: Sendable {
    let database: Database
    /// Nil while no WhatsApp Business account is configured.
    let sync: WhatsAppTemplateSync?

    /// As they were when the account was last asked, in the order of name and language.
    func list(_ call: Call) async throws -> Answer {
        var query = call.query
        let page = query.page()
        let name = query.string("name", maxLength: 512)
        let status = query.string("status", maxLength: 64)
        try query.finish()
        let all = try await database.read { tx in try tx.whatsAppTemplates() }
        let wanted = all.filter { stored in
            (name == nil || stored.template.name == name) && (status == nil || stored.template.status == status?.uppercased())
        }
        return Listing.page(wanted, page, key: { "\($0.template.name)/\($0.template.language)" }) { json, stored in
            json.object { json in Self.members(stored, &json) }
        }
    }

    /// Asks the account now.
    func synchronise(_ call: Call) async throws -> Answer {
        try call.noFields()
        guard let sync else {
            throw Refusal.conflict("there is no WhatsApp Business account to ask; set WHATSAPP_BUSINESS_ACCOUNT_ID")
        }
        let result = try await sync.runOnce(audit: call.audit("whatsapp_templates.sync"), business: call.business)
        return .json { json in
            json.member("templates", result.total)
            json.member("approved", result.approved)
            json.time("synced_at", result.syncedAt)
        }
    }

    private static func members(_ stored: StoredWhatsAppTemplate, _ json: inout JSONWriter) {
        json.member("name", stored.template.name)
        json.member("language", stored.template.language)
        json.member("status", stored.template.status)
        json.member("category", stored.template.category)
        let shape = WhatsAppTemplateShape(stored.template)
        json.member("body", shape?.bodyText)
        json.member("parameters", shape?.body ?? [])
        json.member("components", raw: stored.template.components ?? Array("[]".utf8))
        json.time("synced_at", stored.syncedAt)
        json.time("updated_at", stored.updatedAt)
    }
}
