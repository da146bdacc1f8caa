import Core

/// What one call changes; everything absent stays as it was.
public struct PreferencesUpdate: Sendable, Hashable {
    public var preferredChannels: [Channel]?
    public var timezone: String?
    public var quietHoursStart: LocalTime?
    public var quietHoursEnd: LocalTime?
    public var optOutEmail: Bool?
    public var optOutSMS: Bool?
    public var optOutWhatsApp: Bool?
    public var language: String?

    public init(
        preferredChannels: [Channel]? = nil, timezone: String? = nil, quietHoursStart: LocalTime? = nil, quietHoursEnd: LocalTime? = nil,
        optOutEmail: Bool? = nil, optOutSMS: Bool? = nil, optOutWhatsApp: Bool? = nil, language: String? = nil
    ) {
        self.preferredChannels = preferredChannels
        self.timezone = timezone
        self.quietHoursStart = quietHoursStart
        self.quietHoursEnd = quietHoursEnd
        self.optOutEmail = optOutEmail
        self.optOutSMS = optOutSMS
        self.optOutWhatsApp = optOutWhatsApp
        self.language = language
    }

    func applied(to stated: StatedPreferences) -> StatedPreferences {
        var result = stated
        if let preferredChannels { result.preferredChannels = preferredChannels }
        if let timezone { result.timezone = timezone }
        if let quietHoursStart { result.quietHoursStart = quietHoursStart }
        if let quietHoursEnd { result.quietHoursEnd = quietHoursEnd }
        for (flag, channel) in [(optOutEmail, ChannelSet.email), (optOutSMS, .sms), (optOutWhatsApp, .whatsapp)] {
            switch flag {
            case true?: result.optOuts.insert(channel)
            case false?: result.optOuts.remove(channel)
            case nil: break
            }
        }
        if let language { result.language = language }
        return result
    }
}

/// How clients want to be reached. Preferences may be stated before a client has a record; they hold from the first one on.
extension Transaction {
    /// What the client has said; nil when they never said anything.
    public func statedPreferences(_ id: ClientID, business: BusinessID) throws -> StatedPreferences? {
        try run(
            """
            SELECT preferred_channels, timezone, quiet_hours_start, quiet_hours_end, opt_out_email, opt_out_sms, opt_out_whatsapp,
                language_preference
            FROM crm_client_preferences
            WHERE business_id = \(business) AND client_id = \(id)
            """
        ).first.map { try StatedPreferences($0, from: 0) }
    }

    /// What holds for the client: stated first, then their record, the business, the product's defaults.
    public func effectivePreferences(_ id: ClientID, business: BusinessID) throws -> Preferences {
        let stated = try statedPreferences(id, business: business) ?? StatedPreferences()
        // One row always comes: the business's. The client's part is empty when there is no record.
        let row = try run(
            """
            SELECT b.timezone, b.default_language, c.timezone, c.language
            FROM crm_businesses b
            LEFT JOIN crm_clients c ON c.business_id = b.business_id AND c.client_id = \(id)
            WHERE b.business_id = \(business)
            """
        ).first
        return stated.effective(
            recordTimezone: try row?.textOrNil(2), recordLanguage: try row?.textOrNil(3), businessTimezone: try row?.textOrNil(0),
            businessLanguage: try row?.textOrNil(1))
    }

    /// Changes what `update` names. Once this has committed, no attempt begins that the new preferences forbid.
    ///
    /// - Returns: what the client has said in all.
    @discardableResult
    public func updatePreferences(_ update: PreferencesUpdate, of id: ClientID, business: BusinessID) throws -> StatedPreferences {
        try lockConsent(business, id)
        let stated = update.applied(to: try statedPreferences(id, business: business) ?? StatedPreferences())
        // Read and write are one step: the lock above keeps other updates of this client out until the commit.
        try execute(
            """
            INSERT INTO crm_client_preferences (business_id, client_id, preferred_channels, timezone, quiet_hours_start, quiet_hours_end,
                opt_out_email, opt_out_sms, opt_out_whatsapp, language_preference, created_at, updated_at)
            VALUES (\(business), \(id), \(stated.preferredChannels?.joined), \(stated.timezone), \(stated.quietHoursStart?.text),
                \(stated.quietHoursEnd?.text), \(stated.optOuts.contains(.email)), \(stated.optOuts.contains(.sms)),
                \(stated.optOuts.contains(.whatsapp)), \(stated.language), \(now), \(now))
            ON CONFLICT (business_id, client_id) DO UPDATE
            SET preferred_channels = excluded.preferred_channels, timezone = excluded.timezone,
                quiet_hours_start = excluded.quiet_hours_start, quiet_hours_end = excluded.quiet_hours_end,
                opt_out_email = excluded.opt_out_email, opt_out_sms = excluded.opt_out_sms,
                opt_out_whatsapp = excluded.opt_out_whatsapp, language_preference = excluded.language_preference,
                updated_at = excluded.updated_at
            """)
        return stated
    }

    /// Forgets what the client has said. False: there was nothing.
    @discardableResult
    public func deletePreferences(_ id: ClientID, business: BusinessID) throws -> Bool {
        try lockConsent(business, id)
        return try execute("DELETE FROM crm_client_preferences WHERE business_id = \(business) AND client_id = \(id)") > 0
    }
}
