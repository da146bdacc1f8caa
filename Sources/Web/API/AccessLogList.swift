import Core
import Storage

/// Who looked at a client's data.
struct AccessLogAPI: Sendable {
    let database: Database
    let log: AccessLog

    func list(_ call: Call) async throws -> Answer {
        let (client, business) = (try call.clientID(), call.business)
        var query = call.query
        let page = query.page(cursorParts: 4)
        let after = position(page, &query)
        try query.finish()
        // What this process has gathered in the last second belongs to the answer.
        await log.flush()
        let lines = try await database.read { tx -> [AccessLine]? in
            let lines = try tx.accessLines(of: client, business: business, after: after, limit: page.limit + 1)
            if lines.isEmpty, try tx.client(client, business: business) == nil, try tx.statedPreferences(client, business: business) == nil
            {
                return nil
            }
            return lines
        }
        guard let lines else { throw Refusal.notFound }
        let shown = lines.prefix(page.limit)
        let next = lines.count > page.limit ? shown.last.map { cursor($0.position) } : nil
        return .page(Array(shown), next: next) { json, line in json.object { json in AccessLineJSON.members(line, &json) } }
    }

    private func cursor(_ position: AccessLine.Position) -> Cursor {
        Cursor("\(position.hour)", position.actorKind, position.actorID, position.kind)
    }

    private func position(_ page: PageRequest, _ query: inout Query) -> AccessLine.Position? {
        guard let parts = page.cursor?.parts else { return nil }
        guard parts.count == 4, let hour = Int64(parts[0]) else {
            query.fail("cursor", Query.cursorRule)
            return nil
        }
        return AccessLine.Position(hour: hour, actorKind: parts[1], actorID: parts[2], kind: parts[3])
    }
}

/// Lines of the access log as JSON.
enum AccessLineJSON {
    static func members(_ line: AccessLine, _ json: inout JSONWriter) {
        json.object("actor") { json in
            json.member("kind", line.actor.kind.rawValue)
            json.member("id", line.actor.id)
            json.member("name", line.actor.name)
        }
        json.member("looked_at", line.kind.rawValue)
        json.member("views", line.views)
        json.time("first_at", line.firstAt)
        json.time("last_at", line.lastAt)
    }
}
