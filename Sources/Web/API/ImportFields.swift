import Core

/// Reads a client of an import, from an object of JSON or a record of CSV.
struct ImportFields: Sendable {
    let isTimeZone: @Sendable (String) -> Bool
    /// Names of the business's topics.
    let topics: Set<String>

    /// What a file may say of a client; the columns of CSV have the same names.
    enum Field: String, CaseIterable {
        case clientID = "client_id"
        case name, email
        case phoneNumber = "phone_number"
        case language, timezone, tags, attributes
        case preferredChannels = "preferred_channels"
        case quietHoursStart = "quiet_hours_start"
        case quietHoursEnd = "quiet_hours_end"
        case optOutEmail = "opt_out_email"
        case optOutSMS = "opt_out_sms"
        case optOutWhatsApp = "opt_out_whatsapp"
        case marketingEmail = "marketing_email"
        case marketingSMS = "marketing_sms"
        case marketingWhatsApp = "marketing_whatsapp"
        case topicsRefused = "topics_refused"
        case wording = "consent_wording"
        case wordingVersion = "consent_wording_version"
        case evidence = "consent_evidence"

        /// How a cell of CSV is written as JSON.
        enum Kind { case text, list, truth, json }

        var kind: Kind {
            switch self {
            case .tags, .preferredChannels, .topicsRefused: .list
            case .optOutEmail, .optOutSMS, .optOutWhatsApp: .truth
            case .attributes: .json
            default: .text
            }
        }
    }

    /// - Throws: ``ValidationError`` that names every field that can not be accepted.
    func read(_ view: JSONView) throws(ValidationError) -> ImportedClient {
        var body = try FieldReader(view)
        let id = body.requiredClientID(Field.clientID.rawValue)
        var stated = StatedPreferences(
            preferredChannels: body.listOf(Field.preferredChannels.rawValue),
            quietHoursStart: body.localTime(Field.quietHoursStart.rawValue),
            quietHoursEnd: body.localTime(Field.quietHoursEnd.rawValue))
        for (field, channel) in [(Field.optOutEmail, ChannelSet.email), (.optOutSMS, .sms), (.optOutWhatsApp, .whatsapp)] {
            if body.bool(field.rawValue) == true { stated.optOuts.insert(channel) }
        }
        stated.topicsRefused = body.strings(Field.topicsRefused.rawValue, maxCount: TopicFields.most, maxLength: 64, .line) ?? []
        if !topics.isSuperset(of: stated.topicsRefused) { body.fail(Field.topicsRefused.rawValue, "must name topics of the business only") }
        let wording = body.string(Field.wording.rawValue, maxLength: 4_000)
        if let wording, let message = ClientFields.multilineText(wording, longest: 4_000) { body.fail(Field.wording.rawValue, message) }
        let evidence = body.string(Field.evidence.rawValue, maxLength: 1_000, .line)
        for (field, channel) in [(Field.marketingEmail, Channel.email), (.marketingSMS, .sms), (.marketingWhatsApp, .whatsapp)] {
            guard let state: MarketingConsent.State = body.oneOf(field.rawValue) else { continue }
            stated.marketing[channel] = state
            let isShown = !(evidence ?? "").isEmpty || state == .granted && !(wording ?? "").isEmpty
            if state == .confirmed || state == .granted, !isShown {
                body.fail(field.rawValue, "needs consent_evidence\(state == .granted ? " or consent_wording" : "")")
            }
        }
        let tags = body.strings(Field.tags.rawValue, maxCount: ClientFields.mostTags, maxLength: ClientFields.longestTag, .line)
        if let tags, let message = ClientFields.tags(tags) { body.fail(Field.tags.rawValue, message) }
        let name = body.checked(Field.name.rawValue, ClientFields.name)
        let email = body.checked(Field.email.rawValue, ClientFields.email)
        let phoneNumber = body.checked(Field.phoneNumber.rawValue, ClientFields.phoneNumber)
        let language = body.checked(Field.language.rawValue, ClientFields.languageTag)
        let timezone = body.timezone(Field.timezone.rawValue, isTimeZone)
        let attributes = body.freeForm(Field.attributes.rawValue, maxBytes: ClientRecordFields.mostAttributeBytes)
        let wordingVersion = body.string(Field.wordingVersion.rawValue, maxLength: 200, .line)
        try body.finish()
        guard let id else { throw ValidationError(errors: []) }  // Noted above, so `finish` has thrown.
        return ImportedClient(
            id: id, name: name, email: email, phoneNumber: phoneNumber, language: language, timezone: timezone, tags: tags,
            attributes: attributes.map { Array($0.rawBytes) }, stated: stated, wording: wording, wordingVersion: wordingVersion,
            evidence: evidence)
    }
}

extension ImportFields {
    /// The columns of a CSV file by its first record.
    ///
    /// - Throws: ``ValidationError`` for a column that is unknown, named twice, or missing: a typing error must not lose an opt-out.
    static func columns(_ names: [String]) throws(ValidationError) -> [Field] {
        var columns: [Field] = []
        var errors: [FieldError] = []
        for (index, name) in names.enumerated() {
            let trimmed = String(name[...].trimmed).lowercased()
            if let field = Field(rawValue: trimmed) {
                if columns.contains(field) { errors.append(FieldError(field: trimmed, message: "is the name of two columns")) }
                columns.append(field)
            } else {
                errors.append(FieldError(field: "column \(index + 1)", message: "is none that is known"))
            }
        }
        if !columns.contains(.clientID) {
            errors.append(FieldError(field: Field.clientID.rawValue, message: "is missing among the columns"))
        }
        guard errors.isEmpty else { throw ValidationError(errors: errors) }
        return columns
    }

    /// A record of CSV as the object that JSON would say it with, and the cells that are not what their column holds; empty cells say
    /// nothing.
    ///
    /// - Throws: ``ValidationError`` for more or fewer cells than columns.
    static func object(_ cells: [String], _ columns: [Field]) throws(ValidationError) -> (json: [UInt8], errors: [FieldError]) {
        guard cells.count == columns.count else {
            throw ValidationError(errors: [FieldError(field: "", message: "has \(cells.count) fields in place of \(columns.count)")])
        }
        var errors: [FieldError] = []
        var json = JSONWriter(capacity: 256)
        json.object { json in
            for (column, cell) in zip(columns, cells) {
                let text = cell[...].trimmed
                guard !text.isEmpty else { continue }
                json.key(dynamic: column.rawValue)
                switch column.kind {
                case .text: json.value(String(text))
                case .list:
                    let parts = text.split { $0 == ";" || $0 == "," || $0 == "|" }.map { String($0.trimmed) }.filter { !$0.isEmpty }
                    json.array { json in for part in parts { json.value(part) } }
                case .truth:
                    let truth = truth(text)
                    if truth == nil { errors.append(FieldError(field: column.rawValue, message: "must be true or false")) }
                    json.value(truth)
                case .json:
                    let bytes = Array(text.utf8)
                    if (try? JSONDocument(parsing: bytes)) == nil {
                        errors.append(FieldError(field: column.rawValue, message: "must be a JSON object"))
                        json.null()
                    } else {
                        json.raw(bytes)
                    }
                }
            }
        }
        return (json.bytes, errors)
    }

    private static func truth(_ text: Substring) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "1": true
        case "false", "no", "0": false
        default: nil
        }
    }
}
