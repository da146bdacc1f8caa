import Communications
import Core
import Storage

/// How clients want to be reached, with the paths and bodies of specification 000.
struct PreferencesAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator
    let preferences: PreferencesCache
    let isTimeZone: @Sendable (String) -> Bool

    func update(_ call: Call) async throws -> Answer {
        var body = try call.fields()
        let clientID = body.requiredClientID()
        let update = PreferencesUpdate(
            preferredChannels: body.listOf("preferred_channels"), timezone: body.timezone("timezone", isTimeZone),
            quietHoursStart: body.localTime("quiet_hours_start"), quietHoursEnd: body.localTime("quiet_hours_end"),
            optOutEmail: body.bool("opt_out_email"), optOutSMS: body.bool("opt_out_sms"), optOutWhatsApp: body.bool("opt_out_whatsapp"),
            language: body.checked("language_preference", ClientFields.languageTag))
        if update.preferredChannels?.isEmpty == true { body.fail("preferred_channels", "must not be empty") }
        try body.finish()
        guard let clientID else { throw Refusal.notFound }  // Noted above, so `finish` has thrown.

        let (business, source) = (call.business, call.consentSource)
        let preferences = try await database.write { tx in
            try tx.updatePreferences(update, of: clientID, business: business, source: source)
            return try tx.effectivePreferences(clientID, business: business)
        }
        // An opt-out is acknowledged only when nothing that was begun before can still go out (promise P4).
        await orchestrator.consentChanged(business: business, client: clientID, optedOut: preferences.optOuts)
        return .json { json in
            json.member("success", true)
            json.member("message", "Preferences updated successfully")
            json.object("preferences") { json in PreferencesJSON.members(preferences, of: clientID, &json) }
        }
    }

    func show(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        return .json(bytes: try await preferences.answer(id, business: business))
    }

    /// Deleting what was never stated is done already.
    func delete(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        let source = call.consentSource
        try await database.write { tx in _ = try tx.deletePreferences(id, business: business, source: source) }
        await orchestrator.consentChanged(business: business, client: id, optedOut: [])
        return .json { json in
            json.member("success", true)
            json.member("message", "Preferences deleted for client \(id)")
        }
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
    }
}
