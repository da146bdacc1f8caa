import Core
import Hummingbird
import HummingbirdCore
import NIOCore
import Storage

/// What a client agreed to, refused and changed, and the proof of it.
struct ConsentHistoryAPI: Sendable {
    let database: Database

    /// Newest first. A client of whom nothing is known has an empty history.
    func list(_ call: Call) async throws -> Answer {
        let (client, place) = (try call.clientID(), LedgerPlace(business: call.business, ledger: .consent))
        var query = call.query
        let page = query.page()
        let after = query.id(of: page)
        try query.finish()
        let found = try await database.read { tx in
            try tx.ledgerEntries(place, LedgerFilter(client: client), after: after, limit: page.limit + 1)
        }
        let shown = found.prefix(page.limit)
        try await call.noteAccess(.consent, client)
        let next = found.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        return .page(Array(shown), next: next) { json, entry in json.object { json in LedgerJSON.members(entry, &json) } }
    }

    /// The client's entries word for word, and what the chain holds from the first of them to its end: enough to compute every hash
    /// without us.
    func proof(_ call: Call) async throws -> Answer {
        let (client, place) = (try call.clientID(), LedgerPlace(business: call.business, ledger: .consent))
        var query = call.query
        try query.finish()
        // What was committed a moment ago belongs to it.
        try await database.sealLedgers()
        let proof = ConsentProof(client: client, place: place, database: database)
        guard let start = try await proof.start() else { throw Refusal.notFound }
        try await call.noteAccess(.consent, client)
        var answer = Answer(status: .ok, contentType: MediaType.json)
        answer.headers[.contentDisposition] = "attachment; filename=\"consent-proof.json\""
        answer.stream = ResponseBody { writer in
            try await proof.write(start) { try await writer.write(ByteBuffer(bytes: $0)) }
            try await writer.finish(nil)
        }
        return answer
    }
}

/// Writes the proof of one client's consent.
struct ConsentProof: Sendable {
    let client: ClientID
    let place: LedgerPlace
    let database: Database

    private static let step = 200

    struct Start: Sendable {
        var before: Int64
        var hash: [UInt8]
        var head: (sequence: Int64, hash: [UInt8])
        var exportedAt: Timestamp
    }

    /// Nil where the client has no entry.
    func start() async throws -> Start? {
        try await database.read { [client, place] tx in
            let filter = LedgerFilter(client: client)
            guard let first = try tx.ledgerEntries(place, filter, newestFirst: false, limit: 1).first, let head = try tx.ledgerHead(place)
            else { return nil }
            // Identifiers rise with time, places with the sealing: the first entry by time need not stand first.
            var (sequence, hash) = (first.sequence ?? head.sequence, first.previousHash ?? [])
            var last: UUIDv7?
            while true {
                let entries = try tx.ledgerEntries(place, filter, newestFirst: false, after: last, limit: Self.step)
                guard let final = entries.last else { break }
                for entry in entries {
                    if let earlier = entry.sequence, earlier < sequence { (sequence, hash) = (earlier, entry.previousHash ?? []) }
                }
                last = final.id
            }
            return Start(before: sequence - 1, hash: hash, head: head, exportedAt: tx.now)
        }
    }

    func write(_ start: Start, _ put: ([UInt8]) async throws -> Void) async throws {
        var json = JSONWriter(capacity: 2_048)
        json.beginObject()
        json.member("format", "rapport consent proof 1")
        json.member("how_to_check", Self.instructions)
        json.member("business_id", place.business.description)
        json.member("client_id", client.text)
        json.time("exported_at", start.exportedAt)
        json.object("start") { json in Self.place(start.before, start.hash, &json) }
        json.object("head") { json in Self.place(start.head.sequence, start.head.hash, &json) }
        json.key("entries")
        try await put(json.bytes)
        try await writeEntries(put)
        try await put(Array(#","chain":"#.utf8))
        try await writeChain(start, put)
        try await put(Array("}".utf8))
    }

    private func writeEntries(_ put: ([UInt8]) async throws -> Void) async throws {
        var separator = Array("[".utf8)
        var last: UUIDv7?
        while true {
            let from = last
            let entries = try await database.read { [client, place] tx in
                try tx.ledgerEntries(place, LedgerFilter(client: client), newestFirst: false, after: from, limit: Self.step)
            }
            guard let final = entries.last else { break }
            for entry in entries {
                var json = JSONWriter()
                json.object { json in
                    LedgerJSON.members(entry, &json)
                    json.member("payload", entry.payload.map { String(decoding: $0, as: UTF8.self) })
                    json.member("content", String(decoding: entry.content, as: UTF8.self))
                    json.member("code", Hexadecimal.encode(entry.mac))
                    json.member("content_hash", Hexadecimal.encode(entry.contentHash))
                }
                try await put(separator + json.bytes)
                separator = Array(",".utf8)
            }
            last = final.id
        }
        try await put(separator.first == UInt8(ascii: "[") ? Array("[]".utf8) : Array("]".utf8))
    }

    private func writeChain(_ start: Start, _ put: ([UInt8]) async throws -> Void) async throws {
        var separator = Array("[".utf8)
        var last = start.before
        while true {
            let from = last
            let links = try await database.read { [place] tx in
                try tx.ledgerChain(place, after: from, through: start.head.sequence, limit: 1_000)
            }
            guard let final = links.last else { break }
            for link in links {
                var json = JSONWriter(capacity: 256)
                json.object { json in
                    json.member("sequence", link.sequence)
                    json.member("content_hash", Hexadecimal.encode(link.contentHash))
                    json.member("hash", Hexadecimal.encode(link.hash))
                }
                try await put(separator + json.bytes)
                separator = Array(",".utf8)
            }
            last = final.sequence
        }
        try await put(separator.first == UInt8(ascii: "[") ? Array("[]".utf8) : Array("]".utf8))
    }

    private static func place(_ sequence: Int64, _ hash: [UInt8], _ json: inout JSONWriter) {
        json.member("sequence", sequence)
        json.member("hash", Hexadecimal.encode(hash))
    }

    private static let instructions = [
        "Every hash is SHA-256, written as 64 lower-case hexadecimal digits. Every line ends with a line feed (0x0A).",
        "1. For each entry: the last line of 'content' is the hash of 'payload' (its UTF-8 bytes); 'payload' says what 'decision', 'purpose', "
            + "'wording' and the other members repeat, and its salt keeps it from being guessed once it is erased.",
        "2. For each entry: 'content_hash' is the hash of 'content' followed by 'code' and a line feed.",
        "3. The entry's 'content_hash' stands in 'chain' under the entry's 'sequence'.",
        "4. Beginning with 'start', for each element of 'chain': its 'hash' is the hash of four lines: 'rapport ledger link 1', the "
            + "'sequence', the hash of the element before it (of 'start' for the first), its 'content_hash'. Sequences rise by one.",
        "5. The last element is 'head'. Compare it with a head that was noted elsewhere at another time (`rapport audit verify` prints it): "
            + "an export made later holds the earlier head at its sequence.",
        "The codes are HMACs under a key of the installation; `rapport audit verify` checks them there.",
    ]
}
