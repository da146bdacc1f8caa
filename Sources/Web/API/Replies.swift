import Communications
import Core
import HTTPTypes
import Storage

/// What clients answered, and what a person makes of it.
struct RepliesAPI: Sendable {
    let database: Database
    let cipher: Cipher
    let intake: ReplyIntake

    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page()
        let filter = ReplyFilter(
            clientID: query.clientID("client_id"), planID: query.string("plan_id", maxLength: CommunicationFields.longestPlanID),
            needsAttention: query.bool("needs_attention"), unmatched: query.bool("unmatched"), after: query.id(of: page))
        try query.finish()
        let found = try await database.read { tx in try tx.replies(filter, business: business, limit: page.limit + 1) }
        let shown = found.prefix(page.limit)
        let next = found.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        let opened = try shown.map { try OpenedReply($0, cipher) }
        try await call.noteAccess(.reply, shown.compactMap(\.clientID))
        return .page(opened, next: next) { json, reply in json.object { json in ReplyJSON.members(reply, &json) } }
    }

    func show(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("reply_id"), call.business)
        guard let reply = try await database.read({ tx in try tx.reply(id, business: business) }) else { throw Refusal.notFound }
        if let client = reply.clientID { try await call.noteAccess(.reply, client) }
        return try answer(reply, .ok)
    }

    /// As if the client had answered by the channel: keywords take effect, and the plan moves on.
    func submit(_ call: Call) async throws -> Answer {
        let business = call.business
        var body = try call.fields()
        let clientID = body.requiredClientID()
        let channel: Core.Channel = body.requiredOneOf("channel", placeholder: .sms)
        let text = body.string("text", maxLength: 10_000)
        let payload = body.string("payload", maxLength: 500, .line)
        let communication = body.convert("communication_id") { text throws(FieldMessage) in
            guard let id = UUIDv7(text) else { throw FieldMessage("must be the id of a communication") }
            return id
        }
        if text == nil && payload == nil { body.fail("text", "is required where there is no payload") }
        try body.finish()
        guard let clientID else { throw Refusal.notFound }  // Noted above, so `finish` has thrown.
        try await check(communication, of: clientID, business)
        let reply = DirectReply(clientID: clientID, channel: channel, text: text ?? "", payload: payload, communication: communication)
        let audit = call.audit("reply.submit", target: clientID.text, client: clientID)
        return try answer(try await intake.take(reply, business: business, audit: audit).reply, .created)
    }

    /// A person has looked at it, and may have said whose it is.
    func resolve(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("reply_id"), call.business)
        var client: ClientID?
        if !call.body.isEmpty {
            var body = try call.fields()
            client = body.convert("client_id") { text throws(FieldMessage) in
                guard let id = ClientID(text) else { throw FieldMessage(ClientID.rule) }
                return id
            }
            try body.finish()
        }
        let (resolution, reply) = try await database.write { [client] tx in
            let resolution = try tx.resolveReply(id, business: business, client: client)
            let reply = try tx.reply(id, business: business)
            if case .resolved = resolution {
                try tx.audit(call.audit("reply.resolve", target: id.description, client: reply?.clientID), business: business)
            }
            return (resolution, reply)
        }
        switch resolution {
        case .resolved: break
        case .notFound: throw Refusal.notFound
        case .belongsToAnother: throw Refusal.conflict("the reply belongs to another client")
        case .unknownClient: throw ValidationError(errors: [FieldError(field: "client_id", message: "is not known")])
        }
        guard let reply else { throw Refusal.notFound }
        return try answer(reply, .ok)
    }

    private func check(_ communication: CommunicationID?, of client: ClientID, _ business: BusinessID) async throws {
        guard let communication else { return }
        let found = try await database.read { tx in try tx.communication(communication, business: business) }
        guard found?.clientID == client else {
            throw ValidationError(errors: [FieldError(field: "communication_id", message: "is not a communication with this client")])
        }
    }

    private func answer(_ reply: StoredReply, _ status: HTTPResponse.Status) throws -> Answer {
        let opened = try OpenedReply(reply, cipher)
        return .json(status) { json in ReplyJSON.members(opened, &json) }
    }
}

/// A reply with what was written in it.
struct OpenedReply {
    let stored: StoredReply
    /// A JSON object: `text`, `payload`, `profile_name`, `media`.
    let content: JSONDocument
    let sender: String?

    init(_ stored: StoredReply, _ cipher: Cipher) throws {
        self.stored = stored
        content = try JSONDocument(parsing: try cipher.openBytes(stored.content, .replyContent(stored.business, stored.id)))
        sender = try stored.sender.map { try cipher.open($0, .replySender(stored.business, stored.id)) }
    }
}

/// Replies as JSON.
enum ReplyJSON {
    static func members(_ reply: OpenedReply, _ json: inout JSONWriter) {
        let stored = reply.stored
        summary(stored, &json)
        json.member("client_id", stored.clientID?.text)
        json.member("provider", stored.provider)
        json.member("provider_message_id", stored.providerMessageID)
        json.member("kind", stored.kind)
        json.member("from", reply.sender)
        for name in ["text", "payload", "profile_name", "media"] {
            guard let value = reply.content.root[name] else { continue }
            json.key(dynamic: name)
            json.raw(value.rawBytes)
        }
        json.member("text_cut", stored.contentCut)
        json.member("attention_reason", stored.attentionReason)
        json.member("answer", stored.answer)
        json.time("sent_at", stored.sentAt)
        json.time("resolved_at", stored.resolvedAt)
    }

    /// What a workflow needs, without a word of the person's.
    static func summary(_ reply: StoredReply, _ json: inout JSONWriter) {
        json.member("reply_id", reply.id.description)
        json.member("communication_id", reply.communication?.description)
        json.member("plan_id", reply.planID)
        json.member("channel", reply.channel.rawValue)
        json.member("action", reply.action?.name)
        json.member("value", reply.value)
        json.member("keyword", reply.keyword?.rawValue)
        json.member("needs_attention", reply.needsAttention)
        json.time("received_at", reply.receivedAt)
    }
}
