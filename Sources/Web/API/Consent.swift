import Communications
import Core
import HTTPTypes

/// What clients agreed to elsewhere, and requests to confirm it.
struct ConsentAPI: Sendable {
    let desk: ConsentDesk

    /// 200 when it holds, 202 when the client was asked to confirm it.
    func state(_ call: Call) async throws -> Answer {
        let statement = try Self.statement(call.fields())
        let outcome = try await desk.state(
            statement, business: call.business, source: call.consentSource,
            audit: call.audit(
                "consent.\(statement.decision.rawValue)", target: statement.purpose.text, client: statement.client))
        switch outcome {
        case .recorded(let preferences):
            return .json { json in
                json.member("state", "recorded")
                json.object("preferences") { json in PreferencesJSON.members(preferences, of: statement.client, &json) }
            }
        case .requested(let communication, let expiresAt):
            return .json(.accepted) { json in
                json.member("state", "requested")
                json.member("communication_id", communication.description)
                json.time("expires_at", expiresAt)
            }
        }
    }

    private enum Decision: String, CaseIterable {
        case granted, withdrawn, requested
    }

    private static func statement(_ reader: FieldReader) throws -> ConsentStatement {
        var body = reader
        let client = body.requiredClientID()
        let purpose = body.requiredConvert("purpose", placeholder: ConsentPurpose.marketing) { text throws(FieldMessage) in
            guard let purpose = ConsentPurpose(stated: text) else {
                throw FieldMessage("must be all, marketing or topic: and the name of a topic")
            }
            return purpose
        }
        let channel: Channel? = body.oneOf("channel")
        let decision: Decision = body.requiredOneOf("decision", placeholder: .withdrawn)
        if case .topic = purpose, channel != nil { body.fail("channel", "must be absent: a topic is refused on every channel") }
        if decision == .requested, purpose != .marketing { body.fail("decision", "can be requested for marketing only") }
        if purpose == .marketing, decision != .withdrawn, channel == nil { body.fail("channel", "is required") }
        let wording = body.string("wording", maxLength: 4_000)
        if let wording, let message = ClientFields.multilineText(wording, longest: 4_000) { body.fail("wording", message) }
        let version = body.string("wording_version", maxLength: 200, .line)
        let evidence = body.string("evidence", maxLength: 1_000, .line)
        // Consent is worth what can be shown of it (GDPR, article 7(1)).
        if decision != .withdrawn, wording?.isEmpty ?? true { body.fail("wording", "is required: what the client read, word for word") }
        try body.finish()
        guard let client else { throw Refusal.notFound }  // Noted above, so `finish` has thrown.
        return ConsentStatement(
            client: client, purpose: purpose, channel: channel,
            decision: ConsentEntry.Decision(rawValue: decision.rawValue) ?? .withdrawn,  // The same words.
            wording: wording, wordingVersion: version, evidence: evidence)
    }
}

extension ConsentPurpose {
    /// `all`, `marketing` or `topic:` and a name; preferences are stated elsewhere.
    fileprivate init?(stated text: String) {
        switch text {
        case "all": self = .all
        case "marketing": self = .marketing
        default:
            guard text.hasPrefix("topic:") else { return nil }
            let name = String(text.dropFirst(6))
            guard TopicFields.name(name) == nil else { return nil }
            self = .topic(name)
        }
    }
}
