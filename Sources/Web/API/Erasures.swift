import Communications
import Core
import HTTPTypes
import Storage

/// Erasing people, and the receipts that say so afterwards.
struct ErasuresAPI: Sendable {
    let database: Database
    let cipher: Cipher
    let erasures: Erasures

    /// 204 once nothing is left of the person. With `after_days`: 202 with the receipt of an erasure on its day; 0 is at once, too.
    func erase(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        var query = call.query
        let days = query.int("after_days", in: 0...Erasures.mostDays)
        try query.finish()
        // About the receipt, not about the person: the entry stays when they are gone.
        let audit: @Sendable (UUIDv7) -> AuditEntry = {
            call.audit(days ?? 0 > 0 ? "erasure.schedule" : "client.erase", target: $0.description)
        }
        let receipt =
            if let days, days > 0 {
                try await erasures.schedule(id, business: business, days: days, by: call.credential.actor, audit: audit)
            } else {
                try await erasures.erase(id, business: business, by: call.credential.actor, audit: audit)
            }
        guard let receipt else { throw Refusal.notFound }
        var answer = days == nil ? Answer(status: .noContent) : Answer.json(.accepted) { json in ErasureJSON.members(receipt, &json) }
        answer.headers[.erasureReceipt] = receipt.id.description
        return answer
    }

    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page()
        let hash = query.clientID("client_id").map { cipher.erasureHash(of: $0, business: business) }
        let filter = ErasureFilter(status: query.oneOf("status"), clientHash: hash, after: query.id(of: page))
        try query.finish()
        let found = try await database.read { tx in try tx.erasures(filter, business: business, limit: page.limit + 1) }
        let shown = found.prefix(page.limit)
        let next = found.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        return .page(Array(shown), next: next) { json, receipt in json.object { json in ErasureJSON.members(receipt, &json) } }
    }

    func show(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("erasure_id"), call.business)
        guard let receipt = try await database.read({ tx in try tx.erasure(id, business: business) }) else { throw Refusal.notFound }
        return .json { json in ErasureJSON.members(receipt, &json) }
    }

    func cancel(_ call: Call) async throws -> Answer {
        try call.noFields()
        let id = try call.id("erasure_id")
        let receipt = try await erasures.cancel(id, business: call.business) { call.audit("erasure.cancel", target: id.description) }
        return .json { json in ErasureJSON.members(receipt, &json) }
    }
}

/// Receipts as JSON.
enum ErasureJSON {
    static func members(_ receipt: ErasureReceipt, _ json: inout JSONWriter) {
        json.member("erasure_id", receipt.id.description)
        json.member("status", receipt.status.rawValue)
        json.member("client_id", receipt.client?.text)
        json.time("requested_at", receipt.requestedAt)
        json.object("requested_by") { json in
            json.member("kind", receipt.requestedBy.kind.rawValue)
            json.member("id", receipt.requestedBy.id.isEmpty ? nil : receipt.requestedBy.id)
        }
        json.time("due_at", receipt.dueAt)
        json.time("started_at", receipt.startedAt)
        json.time("finished_at", receipt.finishedAt)
        json.object("removed") { json in
            for (table, count) in receipt.counts.sorted(by: { $0.key < $1.key }) {
                json.key(dynamic: table)
                json.value(count)
            }
        }
    }
}
