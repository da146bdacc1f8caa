import Core

/// One version of a business's template.
public struct StoredTemplate: Sendable, Hashable {
    public var id: UUIDv7
    public var channel: Channel
    public var name: String
    /// A language tag in the spelling in which it was stored.
    public var language: String
    /// 1 and up.
    public var version: Int
    /// E-mail only.
    public var subjectTemplate: String?
    /// HTML for e-mail, text for the other channels.
    public var contentTemplate: String
    /// E-mail's alternative in plain text; made from the HTML where it is nil.
    public var textTemplate: String?
    /// JSON array of the names that the template uses.
    public var variables: [UInt8]
    public var isActive: Bool
    public var createdAt: Timestamp
}

/// A template as somebody hands it in.
public struct TemplateDraft: Sendable, Hashable {
    public var channel: Channel
    public var name: String
    public var language: String
    public var subjectTemplate: String?
    public var contentTemplate: String
    public var textTemplate: String?
    /// JSON array of the names that the template uses.
    public var variables: [UInt8]

    public init(
        channel: Channel, name: String, language: String, subjectTemplate: String?, contentTemplate: String, textTemplate: String?,
        variables: [UInt8]
    ) {
        self.channel = channel
        self.name = name
        self.language = language
        self.subjectTemplate = subjectTemplate
        self.contentTemplate = contentTemplate
        self.textTemplate = textTemplate
        self.variables = variables
    }
}

/// A business's own templates. At most one version of each is active; without one the built-in template holds.
extension Transaction {
    /// The active version, if the business has one in exactly this language.
    public func activeTemplate(_ channel: Channel, _ name: String, language: String, business: BusinessID) throws -> StoredTemplate? {
        try run(
            """
            SELECT \(StoredTemplate.columns) FROM crm_communication_templates
            WHERE business_id = \(business) AND channel = \(channel) AND template_name = \(name) AND language = \(language)
                AND is_active
            """
        ).first.map(StoredTemplate.init(row:))
    }

    /// The active versions of every template, or of one name, in alphabetical order.
    public func activeTemplates(business: BusinessID, channel: Channel? = nil, name: String? = nil) throws -> [StoredTemplate] {
        var conditions: [SQL] = ["business_id = \(business)", "is_active"]
        if let channel { conditions.append("channel = \(channel)") }
        if let name { conditions.append("template_name = \(name)") }
        return try run(
            """
            SELECT \(StoredTemplate.columns) FROM crm_communication_templates
            WHERE \(SQL.all(conditions))
            ORDER BY channel, template_name, language
            """
        ).map(StoredTemplate.init(row:))
    }

    /// All versions, newest first.
    public func templateVersions(_ channel: Channel, _ name: String, language: String, business: BusinessID) throws -> [StoredTemplate] {
        try run(
            """
            SELECT \(StoredTemplate.columns) FROM crm_communication_templates
            WHERE business_id = \(business) AND channel = \(channel) AND template_name = \(name) AND language = \(language)
            ORDER BY version DESC
            """
        ).map(StoredTemplate.init(row:))
    }

    /// The languages in which the business has an active template of this name.
    public func templateLanguages(channel: Channel, name: String, business: BusinessID) throws -> [String] {
        try run(
            """
            SELECT language FROM crm_communication_templates
            WHERE business_id = \(business) AND channel = \(channel) AND template_name = \(name) AND is_active
            ORDER BY language
            """
        ).map { try $0.text(0) }
    }

    /// Adds a version and makes it the active one.
    public func putTemplate(_ draft: TemplateDraft, business: BusinessID) throws -> StoredTemplate {
        // Two writers must not count to the same number.
        try lockBusinessRow(business)
        let last = try run(
            """
            SELECT MAX(version) FROM crm_communication_templates
            WHERE business_id = \(business) AND channel = \(draft.channel) AND template_name = \(draft.name)
                AND language = \(draft.language)
            """
        ).first?.intOrNil(0)
        let stored = StoredTemplate(
            id: UUIDv7(at: now), channel: draft.channel, name: draft.name, language: draft.language, version: (last ?? 0) + 1,
            subjectTemplate: draft.subjectTemplate, contentTemplate: draft.contentTemplate, textTemplate: draft.textTemplate,
            variables: draft.variables, isActive: true, createdAt: now)
        try execute(
            """
            INSERT INTO crm_communication_templates (template_id, business_id, channel, template_name, language, version,
                subject_template, content_template, text_template, variables, is_active, created_at, updated_at)
            VALUES (\(stored.id), \(business), \(draft.channel), \(draft.name), \(draft.language), \(stored.version),
                \(draft.subjectTemplate), \(draft.contentTemplate), \(draft.textTemplate), \(json: draft.variables), \(false),
                \(now), \(now))
            """)
        try leaveActive(stored.version, draft.channel, draft.name, draft.language, business)
        return stored
    }

    /// Makes `version` the active one; 0 makes none active, so that the built-in template holds again.
    ///
    /// - Returns: false when there is no such version.
    public func activateTemplate(_ channel: Channel, _ name: String, language: String, version: Int, business: BusinessID) throws -> Bool {
        try lockBusinessRow(business)
        if version != 0 {
            let rows = try run(
                """
                SELECT 1 FROM crm_communication_templates
                WHERE business_id = \(business) AND channel = \(channel) AND template_name = \(name) AND language = \(language)
                    AND version = \(version)
                """)
            guard !rows.isEmpty else { return false }
        }
        try leaveActive(version, channel, name, language, business)
        return true
    }

    private func leaveActive(_ version: Int, _ channel: Channel, _ name: String, _ language: String, _ business: BusinessID) throws {
        try execute(
            """
            UPDATE crm_communication_templates SET is_active = (version = \(version)), updated_at = \(now)
            WHERE business_id = \(business) AND channel = \(channel) AND template_name = \(name) AND language = \(language)
                AND is_active <> (version = \(version))
            """)
    }
}

extension StoredTemplate {
    fileprivate static let columns: SQL = """
        template_id, channel, template_name, language, version, subject_template, content_template, text_template, variables,
        is_active, created_at
        """

    fileprivate init(row: Row) throws {
        self.init(
            id: try row.uuid(0), channel: try row.channel(1), name: try row.text(2), language: try row.text(3), version: try row.int(4),
            subjectTemplate: try row.textOrNil(5), contentTemplate: try row.text(6), textTemplate: try row.textOrNil(7),
            variables: try row.json(8), isActive: try row.bool(9), createdAt: try row.time(10))
    }
}
