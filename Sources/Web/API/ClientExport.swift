import Core
import Hummingbird
import HummingbirdCore
import NIOCore
import Storage

/// All that is held on a person, as one JSON object. It is written while it is read: a client of many years with attachments would
/// not fit into memory.
struct ClientExportAPI: Sendable {
    let database: Database
    let cipher: Cipher

    private static let communicationsPerRead = 50

    func export(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        var query = call.query
        try query.finish()
        let head = try await head(of: id, business: business)
        var answer = Answer(status: .ok, contentType: MediaType.json)
        answer.stream = ResponseBody { writer in
            try await writer.write(ByteBuffer(bytes: head))
            try await writeCommunications(of: id, business: business, to: &writer)
            try await writer.write(ByteBuffer(string: #"],"replies":["#))
            try await writeReplies(of: id, business: business, to: &writer)
            try await writer.write(ByteBuffer(string: "]}"))
            try await writer.finish(nil)
        }
        return answer
    }

    /// Everything up to the first communication; 404 when nothing is held.
    private func head(of id: ClientID, business: BusinessID) async throws -> [UInt8] {
        let vault = ClientVault(cipher: cipher, business: business)
        let held = try await database.read { tx in
            let client = try tx.client(id, business: business)
            let hashes = [client?.emailHash, client?.phoneHash].compactMap { $0 }
            let lastInbound = try client?.phoneHash.flatMap { hash in try tx.whatsAppInbound([hash], business: business)[hash] }
            return Held(
                client: client, lastInbound: lastInbound, stated: try tx.statedPreferences(id, business: business),
                effective: try tx.effectivePreferences(id, business: business),
                suppressions: try hashes.flatMap { try tx.suppressions($0, business: business) }, exportedAt: tx.now)
        }
        if held.client == nil && held.stated == nil { throw Refusal.notFound }
        let client = try held.client.map(vault.open)
        var json = JSONWriter(capacity: 4_096)
        json.beginObject()
        json.time("exported_at", held.exportedAt)
        if let client { json.object("client") { json in ClientJSON.members(client, &json) } } else { json.null("client") }
        json.object("preferences") { json in
            json.member("stated", held.stated != nil)
            PreferencesJSON.members(held.effective, of: id, &json)
        }
        json.array("suppressions") { json in
            for suppression in held.suppressions {
                json.object { json in
                    json.member("channel", suppression.channel.rawValue)
                    json.member("scope", suppression.scope.rawValue)
                    json.member("reason", suppression.reason)
                    json.time("at", suppression.at)
                }
            }
        }
        json.time("whatsapp_last_inbound_at", held.lastInbound)
        json.key("communications")
        return json.bytes + Array("[".utf8)
    }

    private func writeCommunications(of id: ClientID, business: BusinessID, to writer: inout any ResponseBodyWriter) async throws {
        var after: CommunicationID?
        var isFirst = true
        repeat {
            let filter = CommunicationFilter(clientID: id, after: after)
            let page = try await database.read { tx in
                try tx.communications(filter, business: business, limit: Self.communicationsPerRead)
            }
            for record in page {
                guard let bytes = try await communication(record.id, business: business) else { continue }
                try await writer.write(ByteBuffer(bytes: isFirst ? bytes : Array(",".utf8) + bytes))
                isFirst = false
            }
            after = page.count == Self.communicationsPerRead ? page.last?.id : nil
        } while after != nil
    }

    private func writeReplies(of id: ClientID, business: BusinessID, to writer: inout any ResponseBodyWriter) async throws {
        var after: UUIDv7?
        var isFirst = true
        repeat {
            let filter = ReplyFilter(clientID: id, after: after)
            let page = try await database.read { tx in try tx.replies(filter, business: business, limit: Self.communicationsPerRead) }
            for reply in page {
                let opened = try OpenedReply(reply, cipher)
                var json = JSONWriter(capacity: 1_024)
                json.object { json in ReplyJSON.members(opened, &json) }
                try await writer.write(ByteBuffer(bytes: isFirst ? json.bytes : Array(",".utf8) + json.bytes))
                isFirst = false
            }
            after = page.count == Self.communicationsPerRead ? page.last?.id : nil
        } while after != nil
    }

    /// One communication with its log, its files and what the sandbox kept of it; nil when it was erased meanwhile.
    private func communication(_ id: CommunicationID, business: BusinessID) async throws -> [UInt8]? {
        let held = try await database.read { tx -> (CommunicationDetail, [AttachmentUpload], [SandboxMessage])? in
            guard let detail = try tx.communicationDetail(id, business: business) else { return nil }
            return (
                detail, try tx.attachments(of: id), try tx.sandboxMessages(business: business, communication: id, limit: 1_000)
            )
        }
        guard let (detail, attachments, messages) = held else { return nil }
        var json = JSONWriter(capacity: 4_096)
        json.object { json in
            CommunicationJSON.members(detail.record, withContext: true, &json)
            json.array("events") { json in for event in detail.events { json.object { json in CommunicationJSON.event(event, &json) } } }
            json.array("attempts") { json in
                for attempt in detail.attempts { json.object { json in CommunicationJSON.attempt(attempt, &json) } }
            }
            json.array("attachments") { json in
                for file in attachments {
                    json.object { json in
                        json.member("filename", file.filename)
                        json.member("content_type", file.contentType)
                        json.member("content_base64", file.link == nil ? Base64.encode(file.content) : nil)
                        json.member("link", file.link)
                    }
                }
            }
            json.array("sandbox_messages") { json in
                for message in messages {
                    json.object { json in
                        json.member("channel", message.channel.rawValue)
                        json.time("created_at", message.createdAt)
                        json.member("subject", message.subject)
                        json.member("text", message.text)
                        json.member("html", message.html)
                        json.member("form", message.form)
                    }
                }
            }
        }
        return json.bytes
    }

    private struct Held: Sendable {
        var client: SealedClient?
        /// On WhatsApp, which decides whether free text may be sent.
        var lastInbound: Timestamp?
        var stated: StatedPreferences?
        var effective: Preferences
        var suppressions: [Suppression]
        var exportedAt: Timestamp
    }
}
