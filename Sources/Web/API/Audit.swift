import Core
import Hummingbird
import HummingbirdCore
import NIOCore
import Storage

/// The audit log: who changed what.
struct AuditAPI: Sendable {
    let database: Database

    func list(_ call: Call) async throws -> Answer {
        var query = call.query
        let page = query.page()
        let filter = Self.filter(&query)
        let after = query.id(of: page)
        try query.finish()
        let place = LedgerPlace(business: call.business, ledger: .audit)
        let found = try await database.read { tx in try tx.ledgerEntries(place, filter, after: after, limit: page.limit + 1) }
        let shown = found.prefix(page.limit)
        try await call.noteAccess(.audit, Self.clients(in: shown, filter))
        let next = found.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        return .page(Array(shown), next: next) { json, entry in json.object { json in LedgerJSON.members(entry, &json) } }
    }

    /// All of it, oldest first, written while it is read.
    func export(_ call: Call) async throws -> Answer {
        var query = call.query
        let filter = Self.filter(&query)
        let format: LedgerFormat = query.oneOf("format") ?? .jsonl
        try query.finish()
        // All of it is about nobody in particular; who asks for it is in the log of whom they ask about.
        if let client = filter.client { try await call.noteAccess(.audit, client) }
        let lines = LedgerLines(ledger: .audit, format: format)
        let (database, business) = (database, call.business)
        var answer = Answer(status: .ok, contentType: format == .csv ? MediaType.csv : MediaType.jsonLines)
        answer.headers[.contentDisposition] = "attachment; filename=\"audit.\(format.rawValue)\""
        answer.stream = ResponseBody { writer in
            try await lines.write(filter, business: business, from: database) { try await writer.write(ByteBuffer(bytes: $0)) }
            try await writer.finish(nil)
        }
        return answer
    }

    /// Whose data a page of the log shows: those whom it tells of, and whoever was asked about, of whom it may say that there is nothing.
    static func clients(in shown: some Sequence<LedgerEntry>, _ filter: LedgerFilter) -> Set<ClientID> {
        Set(shown.compactMap(LedgerJSON.client)).union(CollectionOfOne(filter.client).compactMap(\.self))
    }

    static func filter(_ query: inout Query) -> LedgerFilter {
        LedgerFilter(
            actor: query.string("actor"), action: query.string("action", maxLength: 100), client: query.clientID("client_id"),
            from: query.time("from"), to: query.time("to"))
    }
}
