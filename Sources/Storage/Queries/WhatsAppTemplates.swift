import Core

/// A template of the WhatsApp account, and when we last heard of it.
public struct StoredWhatsAppTemplate: Sendable, Hashable {
    public var template: WhatsAppTemplate
    /// When the account last listed it; nil where only a change of status told us of it.
    public var syncedAt: Timestamp?
    public var updatedAt: Timestamp
}

/// The templates of the installation's one WhatsApp account.
extension Transaction {
    /// In the order of name and language.
    public func whatsAppTemplates() throws -> [StoredWhatsAppTemplate] {
        try run("SELECT \(StoredWhatsAppTemplate.columns) FROM crm_whatsapp_templates ORDER BY template_name, language")
            .map(StoredWhatsAppTemplate.init(row:))
    }

    /// Nil when the account never had it; also templates that it no longer has.
    public func whatsAppTemplate(_ name: String, language: String) throws -> StoredWhatsAppTemplate? {
        try run(
            """
            SELECT \(StoredWhatsAppTemplate.columns) FROM crm_whatsapp_templates
            WHERE template_name = \(name) AND language = \(language)
            """
        ).first.map(StoredWhatsAppTemplate.init(row:))
    }

    /// Takes over the account's whole list. What it does not hold any more stays, marked as deleted: mappings may name it.
    ///
    /// - Parameter listedAt: when the list was asked for; a status that came in by webhook since then is newer than the list's.
    public func replaceWhatsAppTemplates(_ templates: [WhatsAppTemplate], listedAt: Timestamp) throws {
        for template in templates {
            try execute(
                """
                INSERT INTO crm_whatsapp_templates AS t (template_name, language, status, category, components, synced_at, updated_at)
                VALUES (\(template.name), \(template.language), \(template.status), \(template.category),
                    \(json: template.components), \(now), \(now))
                ON CONFLICT (template_name, language) DO UPDATE
                SET status = CASE WHEN t.updated_at > \(listedAt) THEN t.status ELSE excluded.status END,
                    category = excluded.category, components = excluded.components, synced_at = excluded.synced_at,
                    updated_at = CASE WHEN t.updated_at > \(listedAt) THEN t.updated_at ELSE excluded.updated_at END
                """)
        }
        let listed = Set(templates.map { [$0.name, $0.language] })
        for known in try whatsAppTemplates() where known.updatedAt <= listedAt {
            let template = known.template
            guard !listed.contains([template.name, template.language]), template.status != WhatsAppTemplate.deleted else { continue }
            try execute(
                """
                UPDATE crm_whatsapp_templates SET status = \(WhatsAppTemplate.deleted), updated_at = \(now)
                WHERE template_name = \(template.name) AND language = \(template.language)
                """)
        }
    }

    /// A change of status that WhatsApp tells by webhook, in its own word.
    public func noteTemplateStatus(name: String, language: String, status: String) throws {
        guard let status = WhatsAppTemplate.status(after: status) else { return }
        try execute(
            """
            INSERT INTO crm_whatsapp_templates (template_name, language, status, updated_at)
            VALUES (\(name), \(language), \(status), \(now))
            ON CONFLICT (template_name, language) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at
            """)
    }
}

extension StoredWhatsAppTemplate {
    fileprivate static let columns: SQL = "template_name, language, status, category, components, synced_at, updated_at"

    fileprivate init(row: Row) throws {
        template = WhatsAppTemplate(
            name: try row.text(0), language: try row.text(1), status: try row.text(2), category: try row.textOrNil(3),
            components: try row.isNull(4) ? nil : try row.json(4))
        syncedAt = try row.timeOrNil(5)
        updatedAt = try row.time(6)
    }
}
