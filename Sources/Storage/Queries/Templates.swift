import Core

/// What a template is found by.
public struct TemplateKey: Sendable, Hashable {
    public var channel: Channel
    public var name: String
    /// A language tag in the spelling in which it was stored.
    public var language: String

    public init(channel: Channel, name: String, language: String) {
        self.channel = channel
        self.name = name
        self.language = language
    }
}

/// The text of a template, as somebody wrote it.
public struct TemplateSource: Sendable, Hashable {
    /// E-mail only.
    public var subject: String?
    /// HTML for e-mail, text for the other channels.
    public var content: String
    /// E-mail's alternative in plain text; made from the HTML where it is nil.
    public var text: String?

    public init(subject: String?, content: String, text: String?) {
        self.subject = subject
        self.content = content
        self.text = text
    }
}

/// One version of a business's template.
public struct TemplateVersion: Sendable, Hashable {
    public var id: UUIDv7
    public var key: TemplateKey
    /// 1 and up.
    public var version: Int
    public var source: TemplateSource
    /// JSON array of the names that the template uses.
    public var variables: [UInt8]
    public var isActive: Bool
    public var createdAt: Timestamp
}

/// A business's own templates. At most one version of each is active; without one the built-in template holds.
extension Transaction {
    /// The active version, if the business has one in exactly this language.
    public func activeTemplate(_ key: TemplateKey, business: BusinessID) throws -> TemplateVersion? {
        try run(
            """
            SELECT \(TemplateVersion.columns) FROM crm_communication_templates
            WHERE business_id = \(business) AND channel = \(key.channel) AND template_name = \(key.name) AND language = \(key.language)
                AND is_active
            """
        ).first.map(TemplateVersion.init(row:))
    }

    /// The active versions of every template, or of one name, in alphabetical order.
    public func activeTemplates(business: BusinessID, channel: Channel? = nil, name: String? = nil) throws -> [TemplateVersion] {
        var conditions: [SQL] = ["business_id = \(business)", "is_active"]
        if let channel { conditions.append("channel = \(channel)") }
        if let name { conditions.append("template_name = \(name)") }
        return try run(
            """
            SELECT \(TemplateVersion.columns) FROM crm_communication_templates
            WHERE \(SQL.all(conditions))
            ORDER BY channel, template_name, language
            """
        ).map(TemplateVersion.init(row:))
    }

    /// All versions, newest first.
    public func templateVersions(_ key: TemplateKey, business: BusinessID) throws -> [TemplateVersion] {
        try run(
            """
            SELECT \(TemplateVersion.columns) FROM crm_communication_templates
            WHERE business_id = \(business) AND channel = \(key.channel) AND template_name = \(key.name) AND language = \(key.language)
            ORDER BY version DESC
            """
        ).map(TemplateVersion.init(row:))
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
    ///
    /// - Parameter variables: a JSON array of names.
    public func putTemplate(_ key: TemplateKey, _ source: TemplateSource, variables: [UInt8], business: BusinessID) throws
        -> TemplateVersion
    {
        // Two writers must not count to the same number.
        try lockBusinessRow(business)
        let last = try run(
            """
            SELECT MAX(version) FROM crm_communication_templates
            WHERE business_id = \(business) AND channel = \(key.channel) AND template_name = \(key.name) AND language = \(key.language)
            """
        ).first?.intOrNil(0)
        let version = TemplateVersion(
            id: UUIDv7(at: now), key: key, version: (last ?? 0) + 1, source: source, variables: variables, isActive: true, createdAt: now)
        try execute(
            """
            INSERT INTO crm_communication_templates (template_id, business_id, channel, template_name, language, version,
                subject_template, content_template, text_template, variables, is_active, created_at, updated_at)
            VALUES (\(version.id), \(business), \(key.channel), \(key.name), \(key.language), \(version.version),
                \(source.subject), \(source.content), \(source.text), \(json: variables), \(false), \(now), \(now))
            """)
        try activate(key, version: version.version, business: business)
        return version
    }

    /// Makes `version` the active one; 0 makes none active, so that the built-in template holds again.
    ///
    /// - Returns: false when there is no such version.
    public func activateTemplate(_ key: TemplateKey, version: Int, business: BusinessID) throws -> Bool {
        try lockBusinessRow(business)
        if version != 0 {
            let exists = try run(
                """
                SELECT 1 FROM crm_communication_templates
                WHERE business_id = \(business) AND channel = \(key.channel) AND template_name = \(key.name)
                    AND language = \(key.language) AND version = \(version)
                """
            ).isEmpty == false
            guard exists else { return false }
        }
        try activate(key, version: version, business: business)
        return true
    }

    /// Leaves exactly this version active.
    private func activate(_ key: TemplateKey, version: Int, business: BusinessID) throws {
        try execute(
            """
            UPDATE crm_communication_templates SET is_active = (version = \(version)), updated_at = \(now)
            WHERE business_id = \(business) AND channel = \(key.channel) AND template_name = \(key.name) AND language = \(key.language)
                AND is_active <> (version = \(version))
            """)
    }
}

extension TemplateVersion {
    fileprivate static let columns: SQL = """
        template_id, channel, template_name, language, version, subject_template, content_template, text_template, variables,
        is_active, created_at
        """

    fileprivate init(row: Row) throws {
        self.init(
            id: try row.uuid(0), key: TemplateKey(channel: try row.channel(1), name: try row.text(2), language: try row.text(3)),
            version: try row.int(4),
            source: TemplateSource(subject: try row.textOrNil(5), content: try row.text(6), text: try row.textOrNil(7)),
            variables: try row.json(8), isActive: try row.bool(9), createdAt: try row.time(10))
    }
}
