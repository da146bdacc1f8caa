import Core
import Storage

extension PersonExport {
    /// One communication with its log, its files and what the sandbox kept of it; nil when it was erased meanwhile.
    func communication(_ id: CommunicationID) async throws -> [UInt8]? {
        let business = business
        let held = try await database.read { tx -> (CommunicationDetail, [AttachmentUpload], [SandboxMessage])? in
            guard let detail = try tx.communicationDetail(id, business: business) else { return nil }
            return (
                detail, try tx.attachments(of: id), try tx.sandboxMessages(business: business, communication: id, limit: 1_000)
            )
        }
        guard let (detail, attachments, messages) = held else { return nil }
        let recipients = try messages.map { try cipher.open($0.recipient, .sandboxRecipient(business, $0.id)) }
        return Self.json { json in
            json.object { json in
                CommunicationJSON.members(detail.record, withContext: true, &json)
                json.array("events") { json in
                    for event in detail.events { json.object { json in CommunicationJSON.event(event, &json) } }
                }
                json.array("attempts") { json in
                    for attempt in detail.attempts { json.object { json in CommunicationJSON.attempt(attempt, &json) } }
                }
                json.array("attachments") { json in for file in attachments { json.object { Self.members(file, &$0) } } }
                json.array("sandbox_messages") { json in
                    for (message, recipient) in zip(messages, recipients) { json.object { Self.members(message, to: recipient, &$0) } }
                }
            }
        }
    }

    /// A row as an object of its columns.
    func json(of row: Row, _ records: PersonRecords) throws -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        for (index, column) in records.columns.enumerated() {
            json.key(column.name)
            switch column.kind {
            case .time: json.value(try row.timeOrNil(index)?.rfc3339)
            case .json: if let bytes = try row.jsonOrNil(index) { json.raw(bytes) } else { json.null() }
            case .sealedAnswer: try answer(row, index, &json)
            case .sealedStatement:
                guard let id = UUIDv7(try row.text(1)) else {
                    json.null()
                    continue
                }
                json.value(try cipher.open(SealedValue(bytes: try row.bytes(index)), .optInStatement(business, id)))
            case .plain:
                switch try row.value(index) {
                case .null, .bytes: json.null()
                case .int(let number): json.value(number)
                case .double(let number): json.value(number)
                case .bool(let flag): json.value(flag)
                case .time(let time): json.value(time.rfc3339)
                case .text, .uuid, .json: json.value(try row.textOrNil(index))
                }
            }
        }
        json.endObject()
        return json.bytes
    }

    /// The answer that was kept for a repetition of a request; the columns before it name the request.
    private func answer(_ row: Row, _ index: Int, _ json: inout JSONWriter) throws {
        guard let sealed = try row.bytesOrNil(index), !sealed.isEmpty else { return json.null() }
        let context = Idempotency.seal(route: try row.text(0), key: try row.text(1), business)
        let bytes = try cipher.openBytes(SealedValue(bytes: sealed), context)
        if (try? JSONDocument(parsing: bytes)) != nil { json.raw(bytes) } else { json.value(String(decoding: bytes, as: UTF8.self)) }
    }

    private static func members(_ file: AttachmentUpload, _ json: inout JSONWriter) {
        json.member("filename", file.filename)
        json.member("content_type", file.contentType)
        json.member("content_base64", file.link == nil ? Base64.encode(file.content) : nil)
        json.member("link", file.link)
    }

    private static func members(_ message: SandboxMessage, to recipient: String, _ json: inout JSONWriter) {
        json.member("channel", message.channel.rawValue)
        json.time("created_at", message.createdAt)
        json.member("to", recipient)
        json.member("from", message.sender)
        json.member("subject", message.subject)
        json.member("text", message.text)
        json.member("html", message.html)
        json.member("form", message.form)
        json.member("note", message.note)
    }
}
