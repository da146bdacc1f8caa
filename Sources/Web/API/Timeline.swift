import Core
import Storage

/// Everything that happened with one client.
struct TimelineAPI: Sendable {
    let database: Database
    let cipher: Cipher

    func list(_ call: Call) async throws -> Answer {
        let (client, business) = (try call.clientID(), call.business)
        var query = call.query
        let page = query.page(cursorParts: 3)
        let after = position(page, &query)
        try query.finish()
        let entries = try await database.read { tx -> [TimelineEntry]? in
            guard try tx.client(client, business: business) != nil else { return nil }
            return try tx.timeline(of: client, business: business, after: after, limit: page.limit + 1)
        }
        guard let entries else { throw Refusal.notFound }
        let shown = entries.prefix(page.limit)
        let next = entries.count > page.limit ? shown.last.map { cursor($0.position) } : nil
        try await call.noteAccess(.timeline, client)
        let opened = try shown.map { entry in (entry, try entry.reply.map { try OpenedReply($0, cipher) }) }
        return .page(opened, next: next) { json, shown in
            let (entry, reply) = shown
            json.object { json in
                let communication = entry.reply.map(\.communication) ?? entry.event.communication
                json.member("communication_id", communication?.description)
                json.member("plan_id", entry.planID)
                json.member("message_type", entry.messageType)
                json.member("status", entry.status?.rawValue)
                json.member("channel_used", entry.channel.rawValue)
                CommunicationJSON.event(entry.event, &json)
                if let reply {
                    json.object("reply") { json in ReplyJSON.members(reply, &json) }
                } else {
                    json.null("reply")
                }
            }
        }
    }

    private func cursor(_ position: TimelineEntry.Position) -> Cursor {
        Cursor("\(position.at.milliseconds)", position.communication.description, "\(position.number)")
    }

    private func position(_ page: PageRequest, _ query: inout Query) -> TimelineEntry.Position? {
        guard let parts = page.cursor?.parts else { return nil }
        guard parts.count == 3, let at = Int64(parts[0]), (0...Self.latest).contains(at), let id = UUIDv7(parts[1]),
            let number = Int64(parts[2])
        else {
            query.fail("cursor", Query.cursorRule)
            return nil
        }
        return TimelineEntry.Position(at: Timestamp(milliseconds: at), communication: id, number: number)
    }

    /// The end of the year 9999: databases know no later time.
    private static let latest: Int64 = 253_402_300_799_999
}
