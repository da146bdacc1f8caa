import Core

/// How clients want to be reached. Preferences may be stated before a client has a record; they hold from the first one on.
extension Transaction {
    /// What the client has said; nil when they never said anything.
    public func statedPreferences(_ id: ClientID, business: BusinessID) throws -> StatedPreferences? {
        try run(
            """
            SELECT preferred_channels, timezone, quiet_hours_start, quiet_hours_end, opt_out_email, opt_out_sms, opt_out_whatsapp,
                language_preference, marketing, topics_refused
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
            SELECT b.timezone, b.default_language, c.timezone, c.language, b.marketing_consent
            FROM crm_businesses b
            LEFT JOIN crm_clients c ON c.business_id = b.business_id AND c.client_id = \(id)
            WHERE b.business_id = \(business)
            """
        ).first
        return stated.effective(
            recordTimezone: try row?.textOrNil(2), recordLanguage: try row?.textOrNil(3), businessTimezone: try row?.textOrNil(0),
            businessLanguage: try row?.textOrNil(1), marketingRule: try row?.oneOf(4, as: MarketingRule.self) ?? .optOut)
    }

    /// Changes what `update` names, and writes what that means into the consent ledger. Once this has committed, no attempt begins that
    /// the new preferences forbid.
    ///
    /// - Returns: what the client has said in all.
    @discardableResult
    public func updatePreferences(
        _ update: PreferencesUpdate, of id: ClientID, business: BusinessID, source: ConsentSource
    ) throws -> StatedPreferences {
        try lockConsent(business, id)
        let before = try statedPreferences(id, business: business) ?? StatedPreferences()
        let stated = update.applied(to: before)
        // Read and write are one step: the lock above keeps other updates of this client out until the commit.
        try enqueue(storing(stated, of: id, business: business))
        for entry in PreferencesChange(of: id, from: before, to: stated, source: source).entries { try record(entry, business: business) }
        return stated
    }

    func storing(_ stated: StatedPreferences, of id: ClientID, business: BusinessID) -> SQL {
        """
        INSERT INTO crm_client_preferences (business_id, client_id, preferred_channels, timezone, quiet_hours_start, quiet_hours_end,
            opt_out_email, opt_out_sms, opt_out_whatsapp, language_preference, marketing, topics_refused, created_at, updated_at)
        VALUES (\(business), \(id), \(stated.preferredChannels?.joined), \(stated.timezone), \(stated.quietHoursStart?.text),
            \(stated.quietHoursEnd?.text), \(stated.optOuts.contains(.email)), \(stated.optOuts.contains(.sms)),
            \(stated.optOuts.contains(.whatsapp)), \(stated.language), \(stated.marketing.text),
            \(stated.topicsRefused.joined(separator: ",")), \(now), \(now))
        ON CONFLICT (business_id, client_id) DO UPDATE
        SET preferred_channels = excluded.preferred_channels, timezone = excluded.timezone,
            quiet_hours_start = excluded.quiet_hours_start, quiet_hours_end = excluded.quiet_hours_end,
            opt_out_email = excluded.opt_out_email, opt_out_sms = excluded.opt_out_sms,
            opt_out_whatsapp = excluded.opt_out_whatsapp, language_preference = excluded.language_preference,
            marketing = excluded.marketing, topics_refused = excluded.topics_refused, updated_at = excluded.updated_at
        """
    }

    /// As ``updatePreferences(_:of:business:source:)``, many together with their audit entries: few round trips for all of them.
    ///
    /// - Returns: what holds for each client now.
    public func updatePreferences(_ changes: [PreferencesWrite]) throws -> [Preferences] {
        try lockConsent(of: changes.map { ($0.business, $0.client) })
        let found = try runAll(changes.map { Self.holding($0.client, $0.business) })
        var known: [ClientKey: StatedPreferences] = [:]
        var answers: [Preferences] = []
        answers.reserveCapacity(changes.count)
        for (change, rows) in zip(changes, found) {
            let key = ClientKey(change.business, change.client)
            guard let row = rows.first else { throw Refusal.notFound }
            let before = try known[key] ?? StatedPreferences(row, from: 5)
            let after = change.update.applied(to: before)
            known[key] = after
            try enqueue(storing(after, of: change.client, business: change.business))
            for entry in PreferencesChange(of: change.client, from: before, to: after, source: change.source).entries {
                try record(entry, business: change.business)
            }
            if let entry = change.audit { try audit(entry, business: change.business) }
            answers.append(
                after.effective(
                    recordTimezone: try row.textOrNil(2), recordLanguage: try row.textOrNil(3), businessTimezone: try row.textOrNil(0),
                    businessLanguage: try row.textOrNil(1), marketingRule: try row.oneOf(4, as: MarketingRule.self)))
        }
        return answers
    }

    /// What the business, the client's record and the client say; no row where there is no such business.
    private static func holding(_ id: ClientID, _ business: BusinessID) -> SQL {
        """
        SELECT b.timezone, b.default_language, c.timezone, c.language, b.marketing_consent, p.preferred_channels, p.timezone,
            p.quiet_hours_start, p.quiet_hours_end, p.opt_out_email, p.opt_out_sms, p.opt_out_whatsapp, p.language_preference,
            p.marketing, p.topics_refused
        FROM crm_businesses b
        LEFT JOIN crm_clients c ON c.business_id = b.business_id AND c.client_id = \(id)
        LEFT JOIN crm_client_preferences p ON p.business_id = b.business_id AND p.client_id = \(id)
        WHERE b.business_id = \(business)
        """
    }

    /// Forgets what the client has said. False: there was nothing.
    @discardableResult
    public func deletePreferences(_ id: ClientID, business: BusinessID, source: ConsentSource) throws -> Bool {
        try lockConsent(business, id)
        guard let before = try statedPreferences(id, business: business) else { return false }
        try execute("DELETE FROM crm_client_preferences WHERE business_id = \(business) AND client_id = \(id)")
        for entry in PreferencesChange(of: id, from: before, to: StatedPreferences(), source: source).entries {
            try record(entry, business: business)
        }
        return true
    }
}
