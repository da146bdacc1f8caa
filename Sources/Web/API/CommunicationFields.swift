import Core

/// Reads what callers send to have a message sent.
struct CommunicationFields: Sendable {
    /// Whether a time zone of this name exists.
    let isTimeZone: @Sendable (String) -> Bool

    static let longestPlanID = 200
    static let longestMessageType = 64

    /// The body of `POST /communications`.
    func request(_ view: JSONView) throws -> CommunicationRequest {
        var body = try FieldReader(view)
        let clientID = body.requiredClientID()
        let messageType = body.requiredString("message_type", maxLength: Self.longestMessageType, .line)
        let planID = body.string("plan_id", maxLength: Self.longestPlanID, .line, allowsEmpty: false)
        let urgency = body.oneOf("urgency", as: Urgency.self)
        let preferredChannel = body.oneOf("preferred_channel", as: Channel.self)
        let sendAt = body.convert("send_at", maxLength: 64, Self.time)
        let context = body.freeForm("context", maxBytes: Self.largestContext)
        let recipient = recipient(&body)
        let attachments = AttachmentFields.read(&body)
        let fallbackAfter = body.int("fallback_after_s", in: MessageTypeFields.fallbackAfter).map { Int($0) }
        try body.finish()
        // Only a refused one is nil, and then `finish` has thrown.
        guard let clientID else { throw Refusal.invalid([]) }
        return CommunicationRequest(
            clientID: clientID, messageType: messageType, planID: planID, urgency: urgency, preferredChannel: preferredChannel,
            sendAt: sendAt, context: context.map { Array($0.rawBytes) } ?? [], recipient: recipient, attachments: attachments,
            fallbackAfter: fallbackAfter)
    }

    /// Bodies without attachments may have this much; their context cannot have more.
    static let largestContext = 1 << 20

    func recipient(_ body: inout FieldReader) -> RecipientUpdate? {
        body.object("recipient") { recipient in
            RecipientUpdate(
                name: recipient.checked("name", ClientFields.name),
                email: recipient.checked("email", ClientFields.email),
                phoneNumber: recipient.checked("phone_number", ClientFields.phoneNumber),
                timezone: recipient.checked("timezone", timezone),
                language: recipient.checked("language", ClientFields.languageTag))
        }
    }

    private func timezone(_ name: String) -> String? {
        if let message = ClientFields.timeZoneName(name) { return message }
        return isTimeZone(name) ? nil : "must be the name of an existing IANA time zone"
    }

    static func time(_ text: String) throws(FieldMessage) -> Timestamp {
        guard let time = Timestamp(rfc3339: text) else { throw FieldMessage("must be an RFC 3339 time, for example 2026-05-01T09:00:00Z") }
        return time
    }
}
