import Core

/// Reads a client's record from a request.
struct ClientRecordFields: Sendable {
    let isTimeZone: @Sendable (String) -> Bool

    static let mostAttributeBytes = 65_536

    /// - Throws: ``ValidationError`` that names every field that can not be accepted.
    func read(_ body: FieldReader, id: String) throws(ValidationError) -> Client {
        var body = body
        let clientID = ClientID(id)
        if clientID == nil { body.fail("client_id", ClientID.rule) }
        let name = body.checked("name", ClientFields.name)
        let email = body.checked("email", ClientFields.email)
        let phoneNumber = body.checked("phone_number", ClientFields.phoneNumber)
        let language = body.checked("language", ClientFields.languageTag)
        let timezone = body.timezone("timezone", isTimeZone)
        let tags = body.strings("tags", maxCount: ClientFields.mostTags, maxLength: ClientFields.longestTag, .line) ?? []
        if let message = ClientFields.tags(tags) { body.fail("tags", message) }
        let attributes = body.freeForm("attributes", maxBytes: Self.mostAttributeBytes)
        try body.finish()
        guard let clientID else { throw ValidationError(errors: []) }  // Noted above, so `finish` has thrown.
        let never = Timestamp(milliseconds: 0)
        return Client(
            id: clientID, name: name, email: email, phoneNumber: phoneNumber, language: language, timezone: timezone,
            tags: Set(tags).sorted(), attributes: attributes.map { Array($0.rawBytes) } ?? Array("{}".utf8), createdAt: never,
            updatedAt: never)
    }
}

extension FieldReader {
    /// The name of a time zone that exists.
    mutating func timezone(_ key: String, _ exists: (String) -> Bool) -> String? {
        checked(key) { text in
            ClientFields.timeZoneName(text) ?? (exists(text) ? nil : "is not a known IANA time zone")
        }
    }

    /// `HH:MM`.
    mutating func localTime(_ key: String) -> LocalTime? {
        convert(key) { text throws(FieldMessage) in
            guard let time = LocalTime(text) else { throw FieldMessage("must be a time from 00:00 to 23:59") }
            return time
        }
    }
}
