import Communications
import Core
import HTTPTypes
import Storage

/// The people a business looks after.
struct ClientsAPI: Sendable {
    let database: Database
    let cipher: Cipher
    let orchestrator: Orchestrator
    let fields: ClientRecordFields

    func put(_ call: Call) async throws -> Answer {
        let business = call.business
        let client = try fields.read(call.fields(), id: try call.parameter("client_id"))
        let sealed = try ClientVault(cipher: cipher, business: business).seal(client)
        let (created, stored) = try await database.write { tx -> (Bool, SealedClient?) in
            try tx.audit(call.auditOfFields("client.put", target: sealed.id.text, client: sealed.id), business: business)
            return (try tx.putClient(sealed, business: business), try tx.client(sealed.id, business: business))
        }
        guard let stored else { throw Refusal.notFound }
        // Time zone and language of the record show in the preferences.
        await orchestrator.consentChanged(business: business, client: sealed.id, optedOut: [])
        return try answer(stored, call, status: created ? .created : .ok)
    }

    func show(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        guard let stored = try await database.read({ tx in try tx.client(id, business: business) }) else { throw Refusal.notFound }
        try await call.noteAccess(.record, id)
        return try answer(stored, call, status: .ok)
    }

    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page(cursorParts: 2)
        let words = query.string("q")
        let search = ClientSearch(
            words: words.map { ClientVault(cipher: cipher, business: business).words($0) },
            tag: query.string("tag", maxLength: ClientFields.longestTag), after: ClientSearch.Position(page, &query))
        try query.finish()
        let found = try await database.read { tx in try tx.clients(search, business: business, limit: page.limit + 1) }
        let shown = found.prefix(page.limit)
        let next = found.count > page.limit ? shown.last.map { Cursor("\($0.createdAt.milliseconds)", $0.id.text) } : nil
        let vault = ClientVault(cipher: cipher, business: business)
        try await call.noteAccess(.list, shown.map(\.id))
        return .page(try vault.openListed(shown, call.logger), next: next) { json, listed in
            json.object { json in
                ClientJSON.members(listed.client, &json)
                if !listed.unreadable.isEmpty { json.member("unreadable", listed.unreadable.names) }
            }
        }
    }

    private func answer(_ stored: SealedClient, _ call: Call, status: HTTPResponse.Status) throws -> Answer {
        let client = try ClientVault(cipher: cipher, business: call.business).open(stored)
        return .json(status) { json in ClientJSON.members(client, &json) }
    }
}

extension ClientSearch.Position {
    /// Where the page before ended; nil for the first page, and for a cursor of another list, which is noted.
    init?(_ page: PageRequest, _ query: inout Query) {
        guard let parts = page.cursor?.parts else { return nil }
        guard parts.count == 2, let at = Int64(parts[0]), (0...253_402_300_799_999).contains(at), let id = ClientID(parts[1]) else {
            query.fail("cursor", Query.cursorRule)
            return nil
        }
        self.init(createdAt: Timestamp(milliseconds: at), id: id)
    }
}

/// Clients as JSON.
enum ClientJSON {
    static func members(_ client: Client, _ json: inout JSONWriter) {
        json.member("client_id", client.id.text)
        json.member("name", client.name)
        json.member("email", client.email)
        json.member("phone_number", client.phoneNumber)
        json.member("language", client.language)
        json.member("timezone", client.timezone)
        json.member("tags", client.tags)
        json.member("attributes", raw: client.attributes)
        json.time("created_at", client.createdAt)
        json.time("updated_at", client.updatedAt)
    }
}
