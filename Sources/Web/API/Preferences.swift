import Communications
import Core
import Storage

/// How clients want to be reached, with the paths and bodies of specification 000.
struct PreferencesAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator
    let preferences: PreferencesCache
    let intake: PreferencesIntake
    let isTimeZone: @Sendable (String) -> Bool

    func update(_ call: Call) async throws -> Answer {
        var body = try call.fields()
        let clientID = body.requiredClientID()
        var update = PreferencesUpdate(
            preferredChannels: body.listOf("preferred_channels"), timezone: body.timezone("timezone", isTimeZone),
            quietHoursStart: body.localTime("quiet_hours_start"), quietHoursEnd: body.localTime("quiet_hours_end"),
            optOutEmail: body.bool("opt_out_email"), optOutSMS: body.bool("opt_out_sms"), optOutWhatsApp: body.bool("opt_out_whatsapp"),
            language: body.checked("language_preference", ClientFields.languageTag))
        update.topicsRefused = body.strings("topics_refused", maxCount: TopicFields.most, maxLength: 64, .line)
        update.marketing = body.object("marketing_consent", Self.marketing) ?? [:]
        if update.preferredChannels?.isEmpty == true { body.fail("preferred_channels", "must not be empty") }
        try body.finish()
        guard let clientID else { throw Refusal.notFound }  // Noted above, so `finish` has thrown.

        let preferences = try await intake.update(
            update, of: clientID, business: call.business, source: call.consentSource,
            audit: call.auditOfFields("preferences.put", target: clientID.text, client: clientID))
        return .json { json in
            json.member("success", true)
            json.member("message", "Preferences updated successfully")
            json.object("preferences") { json in PreferencesJSON.members(preferences, of: clientID, &json) }
        }
    }

    func show(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        let answer = try await preferences.answer(id, business: business)
        try await call.noteAccess(.preferences, id)
        return .json(bytes: answer)
    }

    /// Deleting what was never stated is done already.
    func delete(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        let (source, audit) = (call.consentSource, call.audit("preferences.delete", target: id.text, client: id))
        try await database.write { tx in
            _ = try tx.deletePreferences(id, business: business, source: source)
            try tx.audit(audit, business: business)
        }
        // A grant of marketing goes with the rest.
        await orchestrator.consentChanged(business: business, client: id, optedOut: .all)
        return .json { json in
            json.member("success", true)
            json.member("message", "Preferences deleted for client \(id)")
        }
    }
}

extension PreferencesAPI {
    /// What a caller may tell of marketing. Only the client confirms.
    private enum Said: String, CaseIterable {
        case granted, refused
    }

    private static func marketing(_ body: inout FieldReader) -> [Channel: MarketingConsent.State]? {
        var states: [Channel: MarketingConsent.State] = [:]
        for channel in Channel.allCases {
            guard let said: Said = body.oneOf(channel.rawValue) else { continue }
            states[channel] = said == .granted ? .granted : .refused
        }
        return states
    }
}

/// Preferences as JSON.
public enum PreferencesJSON {
    /// The members of the answer, `client_id` first.
    @Sendable
    public static func members(_ preferences: Preferences, of client: ClientID, _ json: inout JSONWriter) {
        json.member("client_id", client.text)
        json.member("preferred_channels", preferences.preferredChannels.map(\.rawValue))
        json.member("timezone", preferences.timezone)
        json.member("quiet_hours_start", preferences.quietHoursStart.text)
        json.member("quiet_hours_end", preferences.quietHoursEnd.text)
        json.member("opt_out_email", preferences.optOuts.contains(.email))
        json.member("opt_out_sms", preferences.optOuts.contains(.sms))
        json.member("opt_out_whatsapp", preferences.optOuts.contains(.whatsapp))
        json.member("language_preference", preferences.language)
        json.member("available_channels", preferences.availableChannels.map(\.rawValue))
        json.object("marketing_consent") { json in
            json.member("email", preferences.marketing[.email].rawValue)
            json.member("sms", preferences.marketing[.sms].rawValue)
            json.member("whatsapp", preferences.marketing[.whatsapp].rawValue)
        }
        json.member("marketing_channels", preferences.marketingChannels.map(\.rawValue))
        json.member("topics_refused", preferences.topicsRefused)
    }
}
