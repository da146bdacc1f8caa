import Core
import Storage

/// Reads everything of a person, table by table, and writes it on.
struct PersonExport: Sendable {
    let database: Database
    let cipher: Cipher
    let client: ClientID
    let business: BusinessID

    private static let perRead = 50
    private static let rowsPerRead = 500

    /// The values by themselves, before the lists.
    struct Head: Sendable {
        var members: [(name: String, json: [UInt8])]
    }

    /// - Throws: ``Refusal/notFound`` when nothing is held.
    func head() async throws -> Head {
        let (client, business) = (client, business)
        let held = try await database.read { tx in
            let record = try tx.client(client, business: business)
            let hashes = [record?.emailHash, record?.phoneHash].compactMap { $0 }
            let lastInbound = try record?.phoneHash.flatMap { hash in try tx.whatsAppInbound([hash], business: business)[hash] }
            return Held(
                client: record, lastInbound: lastInbound, stated: try tx.statedPreferences(client, business: business),
                effective: try tx.effectivePreferences(client, business: business),
                suppressions: try tx.suppressions(SuppressionFilter(hashes: hashes), business: business, limit: Self.rowsPerRead),
                erasure: try tx.openErasure(of: client, business: business), exportedAt: tx.now)
        }
        if held.client == nil && held.stated == nil { throw Refusal.notFound }
        let notes = try held.suppressions.map { try SuppressionJSON.note(of: $0, business, cipher) }
        let opened = try held.client.map(ClientVault(cipher: cipher, business: business).open)
        return Head(members: [
            ("exported_at", Self.json { $0.value(held.exportedAt.rfc3339) }),
            ("client", Self.json { json in opened.map { client in json.object { ClientJSON.members(client, &$0) } } ?? json.null() }),
            (
                "preferences",
                Self.json { json in
                    json.object { json in
                        json.member("stated", held.stated != nil)
                        PreferencesJSON.members(held.effective, of: client, &json)
                    }
                }
            ),
            (
                "suppressions",
                Self.json { json in
                    json.array { json in
                        for (suppression, note) in zip(held.suppressions, notes) {
                            json.object { SuppressionJSON.members(suppression, note: note, &$0) }
                        }
                    }
                }
            ),
            ("whatsapp_last_inbound_at", Self.json { $0.value(held.lastInbound?.rfc3339) }),
            (
                "erasure",
                Self.json { json in held.erasure.map { receipt in json.object { ErasureJSON.members(receipt, &$0) } } ?? json.null() }
            ),
        ])
    }

    func write(_ head: Head, to output: ExportOutput) async throws {
        var output = output
        try await output.begin(title: "All data on \(client.text)")
        for (name, json) in head.members { try await output.member(name, json) }
        try await writeCommunications(&output)
        try await writeReplies(&output)
        for ledger in LedgerName.allCases { try await write(ledger, &output) }
        for records in PersonRecords.allCases where records != .erasures { try await write(records, &output) }
        try await output.end()
    }

    private func writeCommunications(_ output: inout ExportOutput) async throws {
        try await output.beginList("communications")
        var after: CommunicationID?
        repeat {
            let (filter, business) = (CommunicationFilter(clientID: client, after: after), business)
            let page = try await database.read { tx in try tx.communications(filter, business: business, limit: Self.perRead) }
            for record in page {
                // Nil: erased meanwhile.
                if let json = try await communication(record.id) { try await output.item(json) }
            }
            after = page.count == Self.perRead ? page.last?.id : nil
        } while after != nil
        try await output.endList()
    }

    private func writeReplies(_ output: inout ExportOutput) async throws {
        let (client, business) = (client, business)
        try await output.beginList("replies")
        var after: UUIDv7?
        repeat {
            let filter = ReplyFilter(clientID: client, after: after)
            let page = try await database.read { tx in try tx.replies(filter, business: business, limit: Self.perRead) }
            for reply in page { try await output.item(try self.reply(reply)) }
            after = page.count == Self.perRead ? page.last?.id : nil
        } while after != nil
        try await output.endList()
        try await output.beginList("replies_of_their_number")
        for reply in try await database.read({ tx in try tx.repliesOfTheirNumber(client, business: business, limit: 1_000) }) {
            try await output.item(try self.reply(reply))
        }
        try await output.endList()
    }

    /// What they agreed to, and what was changed about them.
    private func write(_ ledger: LedgerName, _ output: inout ExportOutput) async throws {
        let (place, filter) = (LedgerPlace(business: business, ledger: ledger), LedgerFilter(client: client))
        try await output.beginList(ledger == .consent ? "consent_history" : "audit_log")
        var last: UUIDv7?
        while true {
            let from = last
            let entries = try await database.read { tx in
                try tx.ledgerEntries(place, filter, newestFirst: false, after: from, limit: Self.rowsPerRead)
            }
            for entry in entries { try await output.item(Self.json { json in json.object { LedgerJSON.members(entry, &$0) } }) }
            guard entries.count == Self.rowsPerRead, let final = entries.last else { break }
            last = final.id
        }
        try await output.endList()
    }

    private func write(_ records: PersonRecords, _ output: inout ExportOutput) async throws {
        let (client, business) = (client, business)
        try await output.beginList(records.rawValue)
        var offset = 0
        while true {
            let from = offset
            let rows = try await database.read { tx in
                try tx.personRecords(records, of: client, business: business, offset: from, limit: Self.rowsPerRead)
            }
            for row in rows { try await output.item(try json(of: row, records)) }
            offset += rows.count
            if rows.count < Self.rowsPerRead { break }
        }
        try await output.endList()
    }

    private func reply(_ stored: StoredReply) throws -> [UInt8] {
        let opened = try OpenedReply(stored, cipher)
        return Self.json { json in json.object { ReplyJSON.members(opened, &$0) } }
    }

    static func json(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 1_024)
        write(&json)
        return json.bytes
    }

    private struct Held: Sendable {
        var client: SealedClient?
        /// On WhatsApp, which decides whether free text may be sent.
        var lastInbound: Timestamp?
        var stated: StatedPreferences?
        var effective: Preferences
        var suppressions: [SuppressionEntry]
        var erasure: ErasureReceipt?
        var exportedAt: Timestamp
    }
}
