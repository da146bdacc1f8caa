import Communications
import Core
import HTTPTypes
import Storage

/// The suppression list: addresses that nothing goes to, whoever has them.
struct SuppressionsAPI: Sendable {
    private static let longestReason = 64
    private static let longestNote = 500

    let database: Database
    let cipher: Cipher
    let orchestrator: Orchestrator

    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page(cursorParts: 2)
        var filter = SuppressionFilter(
            channel: query.oneOf("channel"), reason: query.string("reason", maxLength: Self.longestReason))
        let client = query.clientID("client_id")
        if let address = query.string("address", maxLength: 254) { filter.hashes = hashes(of: address, business) }
        filter.after = position(page, &query)
        try query.finish()
        let wanted = filter
        let found = try await database.read { tx in
            var filter = wanted
            if let client {
                let own = try tx.addressHashes(of: client, business: business)
                filter.hashes = filter.hashes.map { $0.filter(own.contains) } ?? own
            }
            return try tx.suppressions(filter, business: business, limit: page.limit + 1)
        }
        let shown = Array(found.prefix(page.limit))
        let next = found.count > page.limit ? shown.last.map { Cursor("\($0.createdAt.milliseconds)", $0.id.description) } : nil
        let notes = try shown.map { try SuppressionJSON.note(of: $0, business, cipher) }
        // Also that there is none says something of the person.
        if let client { try await call.noteAccess(.suppression, client) }
        return .page(Array(zip(shown, notes)), next: next) { json, item in
            json.object { json in SuppressionJSON.members(item.0, note: item.1, &json) }
        }
    }

    /// Holds when it is answered (promise P4). An address that is on the list for the same already stays as it is: 200.
    func create(_ call: Call) async throws -> Answer {
        let business = call.business
        var body = try call.fields()
        let channel = body.requiredOneOf("channel", placeholder: Channel.email)
        let address = body.requiredString("address", maxLength: 254, allowsEmpty: false)
        let reason = body.string("reason", maxLength: Self.longestReason, allowsEmpty: false) ?? SuppressionReason.manual.rawValue
        let scope = body.oneOf("scope", as: Scope.self) ?? .all
        let words = body.string("note", maxLength: Self.longestNote)
        if !address.isEmpty, let complaint = channel == .email ? ClientFields.email(address) : ClientFields.phoneNumber(address) {
            body.fail("address", complaint)
        }
        if !Self.isReason(reason) { body.fail("reason", "must be lower-case letters, digits and _") }
        try body.finish()

        let hash = AddressBook(cipher: cipher).lookupHash(of: address, on: channel, business: business)
        let id = SuppressionEntry.ID(channel: channel, hash: hash)
        let sealed = try words.map { try cipher.seal($0, .suppressionNote(business, hash, channel)) }
        let evidence = SuppressionEvidence(source: "api", note: sealed)
        let entry = call.audit("suppression.create", target: id.description, details: Self.details(reason, scope.rawValue))
        let source = call.consentSource
        let (isNew, stored, clients) = try await database.write { tx in
            try tx.lockAllConsent()
            let clients = try tx.clients(withAddress: hash, on: channel, business: business)
            let isNew =
                scope == .all
                ? try tx.suppress(hash, channel: channel, reason: reason, business: business, evidence: evidence)
                : try tx.suppressMarketing(hash, channel: channel, reason: reason, business: business, evidence: evidence)
            if isNew {
                for client in clients {
                    try tx.record(
                        ConsentEntry(
                            client: client, purpose: scope == .all ? .all : .marketing, channel: channel, decision: .withdrawn,
                            source: source), business: business)
                }
            }
            try tx.audit(entry, business: business)
            return (isNew, try tx.suppression(id, business: business), clients)
        }
        for client in clients { await orchestrator.consentChanged(business: business, client: client, optedOut: ChannelSet(channel)) }
        guard let stored else { throw Refusal.notFound }
        return try answer(stored, business, status: isNew ? .created : .ok)
    }

    func show(_ call: Call) async throws -> Answer {
        let (id, business) = (try suppressionID(call), call.business)
        guard let stored = try await database.read({ tx in try tx.suppression(id, business: business) }) else { throw Refusal.notFound }
        return try answer(stored, business, status: .ok)
    }

    /// An administrator's decision, with a reason for the record. What the client stated themselves stays: their preferences.
    func override(_ call: Call) async throws -> Answer {
        let (id, business) = (try suppressionID(call), call.business)
        var body = try call.fields()
        let reason = body.requiredString("reason", maxLength: Self.longestNote, allowsEmpty: false)
        if reason.allSatisfy(\.isWhitespace), !reason.isEmpty { body.fail("reason", "must say something") }
        try body.finish()
        let incoming = call
        let clients = try await database.write { tx -> [ClientID]? in
            try tx.lockAllConsent()
            guard let stored = try tx.suppression(id, business: business) else { return nil }
            try tx.unsuppress(id.hash, channel: id.channel, business: business)
            try tx.forgetSoftBounces(id.hash, business: business)
            try tx.audit(
                incoming.audit("suppression.override", target: id.description, details: Self.details(stored.reason, nil, because: reason)),
                business: business)
            return try tx.clients(withAddress: id.hash, on: id.channel, business: business)
        }
        guard let clients else { throw Refusal.notFound }
        for client in clients { await orchestrator.consentChanged(business: business, client: client, optedOut: []) }
        return Answer(status: .noContent)
    }

    private enum Scope: String, CaseIterable {
        case all, marketing
    }

    private func suppressionID(_ call: Call) throws -> SuppressionEntry.ID {
        guard let id = SuppressionEntry.ID(try call.parameter("suppression_id")) else { throw Refusal.notFound }
        return id
    }

    private func answer(_ stored: SuppressionEntry, _ business: BusinessID, status: HTTPResponse.Status) throws -> Answer {
        let note = try SuppressionJSON.note(of: stored, business, cipher)
        return .json(status) { json in SuppressionJSON.members(stored, note: note, &json) }
    }

    private func hashes(of address: String, _ business: BusinessID) -> [[UInt8]] {
        let channel: Channel = address.contains("@") ? .email : .sms
        return [AddressBook(cipher: cipher).lookupHash(of: address, on: channel, business: business)]
    }

    private static func isReason(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    private static func details(_ reason: String, _ scope: String?, because: String? = nil) -> [UInt8] {
        var json = JSONWriter(capacity: 128)
        json.object { json in
            json.member("reason", reason)
            if let scope { json.member("scope", scope) }
            if let because { json.member("because", because) }
        }
        return json.bytes
    }

    private func position(_ page: PageRequest, _ query: inout Query) -> (at: Timestamp, id: SuppressionEntry.ID)? {
        guard let parts = page.cursor?.parts else { return nil }
        guard parts.count == 2, let at = Int64(parts[0]), (0...253_402_300_799_999).contains(at), let id = SuppressionEntry.ID(parts[1])
        else {
            query.fail("cursor", Query.cursorRule)
            return nil
        }
        return (Timestamp(milliseconds: at), id)
    }
}

/// Entries of the suppression list as JSON.
enum SuppressionJSON {
    /// What a person wrote on it.
    static func note(of entry: SuppressionEntry, _ business: BusinessID, _ cipher: Cipher) throws -> String? {
        try entry.note.map { try cipher.open($0, .suppressionNote(business, entry.id.hash, entry.id.channel)) }
    }

    static func members(_ entry: SuppressionEntry, note: String?, _ json: inout JSONWriter) {
        json.member("suppression_id", entry.id.description)
        json.member("channel", entry.id.channel.rawValue)
        json.member("scope", entry.blocksAll ? "all" : "marketing")
        json.member("reason", entry.reason)
        json.member("source", entry.source)
        json.member("evidence", raw: entry.evidence ?? Array("null".utf8))
        json.member("note", note)
        json.member("created_at", entry.createdAt.rfc3339)
    }
}
