import Core

/// Seals what messages and records say, where the operator wants that (`ENCRYPT_CONTENT`), and opens it wherever it is sealed: what
/// was written before the setting changed stays readable.
public struct ContentSeal: Sendable {
    /// Nil before the keys are open: nothing can be sealed or opened then.
    let cipher: Cipher?

    /// Whether new content is sealed.
    public var isOn: Bool { cipher?.sealsContent == true }

    // MARK: Text columns

    /// As a column of text is to hold it.
    func stored(_ text: String, _ place: SealContext) throws(DatabaseError) -> String {
        guard let cipher, cipher.sealsContent else { return SealedValue.plain(text) }
        return try cipher.seal(text, place).text
    }

    func stored(_ text: String?, _ place: SealContext) throws(DatabaseError) -> String? {
        guard let text else { return nil }
        return try stored(text, place) as String
    }

    /// Out of a column of text, whichever form it has.
    func opened(_ stored: String, _ place: SealContext) throws(DatabaseError) -> String {
        guard let value = try SealedValue.parsing(stored) else { return stored }
        return try needed().open(value, place)
    }

    func opened(_ stored: String?, _ place: SealContext) throws(DatabaseError) -> String? {
        guard let stored else { return nil }
        return try opened(stored, place) as String
    }

    // MARK: JSON columns

    func stored(json: [UInt8], _ place: SealContext) throws(DatabaseError) -> [UInt8] {
        guard let cipher, cipher.sealsContent else { return json }
        return Array(SealedColumn.jsonText(try cipher.seal(json, place)).utf8)
    }

    func opened(json stored: [UInt8], _ place: SealContext) throws(DatabaseError) -> [UInt8] {
        guard let value = try SealedColumn.sealedValue(json: stored) else { return stored }
        return try needed().openBytes(value, place)
    }

    // MARK: Columns of bytes

    /// Nil: it is to be stored in the clear.
    func sealed(_ bytes: [UInt8], _ place: SealContext) throws(DatabaseError) -> SealedValue? {
        guard let cipher, cipher.sealsContent else { return nil }
        return try cipher.seal(bytes, place)
    }

    func opened(_ value: SealedValue, _ place: SealContext) throws(DatabaseError) -> [UInt8] {
        try needed().openBytes(value, place)
    }

    /// Opens a context as the tables give it: JSON, which never begins as a sealed value does, or the sealed bytes.
    public func openedContext(_ stored: [UInt8], of id: CommunicationID, business: BusinessID) throws(DatabaseError) -> [UInt8] {
        guard stored.first == Cipher.version else { return stored }
        return try needed().openBytes(SealedValue(bytes: stored), .communicationContext(business, id))
    }

    /// Opens a name as the tables give it.
    public func openedName(_ stored: String?, of client: ClientID, business: BusinessID) throws(DatabaseError) -> String? {
        try opened(stored, .clientName(business, client))
    }

    /// What a name is found by; empty where it stands in the clear.
    func words(of name: String?, _ business: BusinessID) -> [UInt8] {
        guard let cipher, cipher.sealsContent, let name else { return [] }
        return NameWords(cipher: cipher, business: business).all(of: name)
    }

    private func needed() throws(DatabaseError) -> Cipher {
        guard let cipher else { throw .misconfigured("DB_ENCRYPTION_KEY: the keys of this database are not open.") }
        return cipher
    }
}

extension SealContext {
    /// What a message is made from.
    static func communicationContext(_ business: BusinessID, _ id: CommunicationID) -> SealContext {
        SealContext(table: "crm_communications", column: "sealed_context", business: business, row: id.description)
    }

    static func attachment(_ column: String, _ business: BusinessID, _ id: CommunicationID, _ position: Int) -> SealContext {
        SealContext(table: "crm_communication_attachments", column: column, business: business, row: "\(id) \(position)")
    }

    /// A client's name.
    static func clientName(_ business: BusinessID, _ client: ClientID) -> SealContext {
        SealContext(table: "crm_clients", column: "name", business: business, row: client.text)
    }

    static func clientAttributes(_ business: BusinessID, _ client: ClientID) -> SealContext {
        SealContext(table: "crm_clients", column: "attributes", business: business, row: client.text)
    }

    static func sandbox(_ column: String, _ business: BusinessID, _ message: UUIDv7) -> SealContext {
        SealContext(table: "crm_sandbox_messages", column: column, business: business, row: message.description)
    }

    /// What an event says beyond its communication.
    static func eventData(_ business: BusinessID, _ event: UUIDv7) -> SealContext {
        SealContext(table: "crm_outgoing_events", column: "data", business: business, row: event.description)
    }

    /// What an endpoint answered.
    static func endpointResponse(_ business: BusinessID, _ endpoint: UUIDv7, _ position: Int64, _ attempt: Int64) -> SealContext {
        SealContext(table: "crm_event_attempts", column: "response", business: business, row: "\(endpoint) \(position) \(attempt)")
    }

    /// What of a reply's text counts as its meaning.
    static func replyValue(_ business: BusinessID, _ reply: UUIDv7) -> SealContext {
        SealContext(table: "crm_replies", column: "value", business: business, row: reply.description)
    }
}

extension Database {
    /// How content is sealed; as soon as the keys are open.
    public var content: ContentSeal { ContentSeal(cipher: engine.ciphers.cipher) }
}

/// What of a message is sealed before its transaction, which others wait for.
public struct SealedContent: Sendable {
    var context: SealedValue
    /// In the order of the attachments: file name and content.
    var files: [(name: String, content: SealedValue)]
}

extension ContentSeal {
    /// Nil where content stays in the clear.
    public func seal(context: [UInt8], files: [AttachmentUpload], of id: CommunicationID, business: BusinessID) throws -> SealedContent? {
        guard let cipher, cipher.sealsContent else { return nil }
        var sealed: [(name: String, content: SealedValue)] = []
        for (position, file) in files.enumerated() {
            sealed.append(
                (
                    try cipher.seal(file.filename, .attachment("filename", business, id, position)).text,
                    try cipher.seal(file.content, .attachment("content", business, id, position))
                ))
        }
        return SealedContent(context: try cipher.seal(context, .communicationContext(business, id)), files: sealed)
    }
}
