import Core
import Storage

/// A person of whom something stands in every table, all of it recognisable.
public struct MarkedPerson: Sendable {
    /// Stands in every text of theirs.
    public static let mark = "quxmark"
    public static let client = ClientID("quxmark-client")!
    public static let email = "quxmark@example.org"
    public static let phone = "+4915199987321"

    public let emailHash: [UInt8]
    public let phoneHash: [UInt8]
    /// Whatever could tell of them: texts and, in hexadecimal, bytes.
    public let markers: [String]

    /// Fills every table for the business.
    public static func settle(in database: Database, cipher: Cipher, business: BusinessID, at now: Timestamp) async throws -> MarkedPerson {
        let emailHash = cipher.lookupHash(ClientAddress.normalised(email: email), business: business)
        let phoneHash = cipher.lookupHash(ClientAddress.normalised(phoneNumber: phone), business: business)
        let record = SealedClient(
            id: client, name: "\(mark) name", email: try cipher.seal(email, .clientEmail(business, client)), emailHash: emailHash,
            phoneNumber: try cipher.seal(phone, .clientPhone(business, client)), phoneHash: phoneHash, language: "de", timezone: "UTC",
            tags: ["\(mark)-tag"], attributes: Array(#"{"note":"\#(mark) attribute"}"#.utf8), createdAt: now, updatedAt: now)
        let request = UUIDv7(at: now)
        let statement = try cipher.seal("\(mark) statement", .optInStatement(business, request))
        let update = PreferencesUpdate(preferredChannels: [.email], optOutSMS: true)
        try await database.write { tx in
            _ = try tx.putClient(record, business: business)
            try tx.updatePreferences(update, of: client, business: business, source: ConsentSource(.api, by: .system, evidence: mark))
            try tx.audit(
                AuditEntry(
                    actor: .system, action: "client.put", target: client.text, client: client,
                    details: Array(#"{"word":"\#(mark)"}"#.utf8)), business: business)
        }
        let note = try cipher.seal("\(mark) note", .suppressionNote(business, phoneHash, .whatsapp))
        let (sent, waiting) = try await communications(database, business, now)
        try await database.write { tx in
            try tx.putOptInRequest(
                OptInRequest(
                    id: request, client: client, channel: .email, statement: statement, requestedAt: now, expiresAt: now.adding(seconds: 60)
                ),
                business: business)
            try tx.execute(
                """
                INSERT INTO crm_soft_bounces (business_id, address_hash, communication_id, bounced_at)
                VALUES (\(business), \([9, 9, 9] as [UInt8]), \(sent), \(now))
                """)
            _ = try tx.suppress(
                phoneHash, channel: .whatsapp, reason: "hard_bounce", business: business,
                evidence: SuppressionEvidence(source: "dsn", details: Array(#"{"word":"\#(mark)"}"#.utf8), note: note))
        }
        var blobs = [record.email, record.phoneNumber, statement, note].compactMap { $0?.bytes }
        blobs += try await messages(database, cipher, business, sent, phoneHash, now)
        blobs += try await records(database, cipher, business, sent, now)
        blobs += try await database.read { tx in
            try tx.run("SELECT client_hash, payload FROM crm_ledger_entries WHERE business_id = \(business) AND client_hash IS NOT NULL")
                .flatMap { [try $0.bytes(0), try $0.bytes(1)] }
        }
        let ids = [sent, waiting].map(\.description)
        return MarkedPerson(
            emailHash: emailHash, phoneHash: phoneHash,
            markers: [mark, String(phone.dropFirst()), hex(mark.utf8)] + ids + ([emailHash, phoneHash] + blobs).map { hex($0) })
    }

    public static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }

    /// One that was sent, and one that leads an open batch and waits.
    private static func communications(_ database: Database, _ business: BusinessID, _ now: Timestamp) async throws -> (UUIDv7, UUIDv7) {
        var ids: [UUIDv7] = []
        for number in 0..<2 {
            // In the order of their making.
            let id = UUIDv7(at: now.adding(milliseconds: Int64(number)))
            ids.append(id)
            let acceptance = Acceptance(
                business: business, id: id, clientID: client, idempotency: nil, recipient: nil, needsBatchState: false
            ) { snapshot, now in
                AcceptancePlan(
                    planID: "\(mark)-plan", messageType: "welcome", category: .transactional, urgency: .normal, channel: .email,
                    fallbacks: [.sms], status: .queued, context: Array(#"{"word":"\#(mark) context"}"#.utf8),
                    metadata: Array(#"{"word":"\#(mark) metadata"}"#.utf8), scheduledFor: now,
                    queue: .waiting(due: number == 0 ? now : now.adding(seconds: 3_600)),
                    batch: number == 0 ? .none : .open(id: id, closesAt: now.adding(seconds: 3_600)), errorMessage: nil,
                    attachments: [
                        AttachmentUpload(filename: "\(mark).txt", contentType: "text/plain", content: Array("\(mark) file".utf8)),
                        AttachmentUpload(filename: "\(mark).pdf", contentType: "application/pdf", link: "https://x.example/\(mark)"),
                    ], answer: [], client: snapshot ?? ClientSnapshot())
            }
            _ = try await database.accept(acceptance)
        }
        let request = ClaimRequest(channel: .email, limit: 9, token: 7, leaseUntil: now.adding(seconds: 60), now: now) { _, _ in .begin }
        _ = try await database.claim(request)
        _ = try await database.finish([
            AttemptOutcome(
                id: ids[0], token: 7, channel: .email, attempt: 1, startedAt: now, finishedAt: now, provider: "smtp", sandbox: false,
                members: [], result: .sent(providerMessageID: "\(mark)-message-\(ids[0])", response: "250 \(mark) response"))
        ])
        return (ids[0], ids[1])
    }

    /// What they were sent and what they wrote.
    private static func messages(
        _ database: Database, _ cipher: Cipher, _ business: BusinessID, _ sent: UUIDv7, _ phoneHash: [UInt8], _ now: Timestamp
    ) async throws -> [[UInt8]] {
        let sandboxID = UUIDv7(at: now)
        let recipient = try cipher.seal(email, .sandboxRecipient(business, sandboxID))
        var blobs = [recipient.bytes]
        var replies: [StoredReply] = []
        for owner in [client, nil] {
            let id = UUIDv7(at: now)
            let sender = try cipher.seal(phone, .replySender(business, id))
            let content = try cipher.seal(#"{"text":"\#(mark) reply"}"#, .replyContent(business, id))
            blobs += [sender.bytes, content.bytes]
            replies.append(
                StoredReply(
                    id: id, business: business, clientID: owner, provider: "twilio", providerMessageID: "\(mark)-reply-\(id)",
                    channel: .sms, kind: "text", sender: sender, phoneHash: phoneHash, content: content, contentCut: false,
                    communication: sent, planID: "\(mark)-plan", value: "\(mark) value", attentionReason: mark, answer: "\(mark) answer",
                    receivedAt: now))
        }
        let kept = replies
        try await database.write { tx in
            try tx.execute(
                """
                UPDATE crm_communications SET subject = \("\(mark) subject"), content = \("\(mark) content"), error_message = \(mark)
                WHERE communication_id = \(sent)
                """)
            try tx.insertSandboxMessage(
                SandboxMessage(
                    id: sandboxID, business: business, communication: sent, channel: .email, recipient: recipient, sender: "x",
                    subject: "\(mark) subject", text: "\(mark) text", html: "<p>\(mark) html", createdAt: now))
            for reply in kept { _ = try tx.insertReply(reply) }
            try tx.noteWhatsAppInbound(phoneHash: phoneHash, business: business, client: nil, at: nil)
            try tx.execute(
                """
                INSERT INTO crm_provider_messages (provider, provider_message_id, communication_id, business_id, client_id, channel, attempt,
                    sequence)
                VALUES ('twilio', \("\(mark)-sms-\(sent)"), \(sent), \(business), \(client), 'sms', 1, 1)
                """)
            try tx.execute(
                """
                INSERT INTO crm_receipt_deadlines (communication_id, provider, provider_message_id, seconds, due_at)
                VALUES (\(sent), 'smtp', \("\(mark)-message"), 60, \(now.milliseconds + 60_000))
                """)
            let reports = [
                ("smtp", "\(mark)-message-\(sent)", nil), ("twilio", "\(mark)-sms-\(sent)", nil),
                ("smtp", "elsewhere-\(mark)", Optional(sent)),
            ]
            for (provider, message, reference) in reports {
                try tx.execute(
                    """
                    INSERT INTO crm_unmatched_events (event_id, provider, provider_message_id, word, reference, failure_message, received_at)
                    VALUES (\(UUIDv7(at: now)), \(provider), \(message), 'bounced', \(reference), \("\(mark) failure"), \(now.milliseconds))
                    """)
            }
        }
        return blobs
    }

    /// What was told to others about them, and kept for repetitions.
    private static func records(
        _ database: Database, _ cipher: Cipher, _ business: BusinessID, _ sent: UUIDv7, _ now: Timestamp
    ) async throws -> [[UInt8]] {
        let endpoint = WebhookEndpoint(
            id: UUIDv7(at: now), business: business, wishes: .init(url: "https://hooks.example/in", description: "", eventTypes: []),
            secret: SealedValue(bytes: [1]), at: now)
        let route = "PUT /api/crm/clients/{client_id}"
        let answer = try cipher.seal(
            #"{"name":"\#(mark)"}"#,
            SealContext(table: "crm_idempotency_records", column: "answer", business: business, row: "\(route) \(mark)-key"))
        try await database.write { tx in
            try tx.insertWebhookEndpoint(endpoint)
            let position = try tx.run(
                """
                INSERT INTO crm_outgoing_events (event_id, business_id, event_type, client_id, communication_id, plan_id, occurred_at,
                    created_at, data, is_new)
                VALUES (\(UUIDv7(at: now)), \(business), 'client.replied', \(client), \(sent), \("\(mark)-plan"), \(now), \(now),
                    \(json: Array(#"{"text":"\#(mark) event"}"#.utf8)), \(false))
                RETURNING position
                """)[0].int64(0)
            try tx.execute(
                """
                INSERT INTO crm_event_deliveries (endpoint_id, position, lane, status)
                VALUES (\(endpoint.id), \(position), \(client), 'failed')
                """)
            try tx.execute(
                "INSERT INTO crm_event_lanes (endpoint_id, lane, due_at) VALUES (\(endpoint.id), \(client), \(now.milliseconds + 9_000_000))"
            )
            try tx.execute(
                """
                INSERT INTO crm_event_attempts (endpoint_id, position, attempt_id, attempted_at, duration_ms, error, response)
                VALUES (\(endpoint.id), \(position), 1, \(now), 5, \("\(mark) error"), \("\(mark) response"))
                """)
            try tx.execute(
                """
                INSERT INTO crm_idempotency_records (business_id, route, idempotency_key, fingerprint, status_code, answer, client_id, created_at)
                VALUES (\(business), \(route), \("\(mark)-key"), \([1, 2] as [UInt8]), 200, \(answer.bytes), \(client), \(now))
                """)
            let actor = Actor(.user, id: "agent-7", name: "Agent")
            try tx.noteAccess([
                AccessLine(business: business, client: client, actor: actor, kind: .record, views: 1, firstAt: now, lastAt: now)
            ])
        }
        return [answer.bytes]
    }
}

/// Everything that stands in a store, table by table.
public struct StoreContents: Sendable {
    /// Each row as one text; bytes in hexadecimal.
    public let rows: [String: [String]]

    public init(rows: [String: [String]]) {
        self.rows = rows
    }

    public static func read(_ database: Database) async throws -> StoreContents {
        let isSQLite = database.dialect == .sqlite
        let rows = try await database.read { tx -> [String: [String]] in
            let tables = try tx.run(
                isSQLite
                    ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                    : "SELECT CAST(table_name AS text) FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
            ).map { try $0.text(0) }
            var rows: [String: [String]] = [:]
            for table in tables {
                let text = isSQLite ? "SELECT * FROM \(table)" : "SELECT CAST(t AS text) FROM \(table) t"
                rows[table] = try tx.run(SQL(stringLiteral: text)).map { $0.values.map(Self.text).joined(separator: "|").lowercased() }
            }
            return rows
        }
        return StoreContents(rows: rows)
    }

    /// The tables in which one of the markers is found, with how many rows.
    public func traces(of markers: [String]) -> [String: Int] {
        rows.mapValues { rows in rows.count { row in markers.contains { row.contains($0) } } }.filter { $0.value > 0 }
    }

    private static func text(_ value: SQLValue) -> String {
        switch value {
        case .null: ""
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .text(let text): text
        case .bytes(let bytes): MarkedPerson.hex(bytes)
        case .bool(let flag): "\(flag)"
        case .time(let time): "\(time.milliseconds)"
        case .uuid(let id): id.description
        case .json(let bytes): String(decoding: bytes, as: UTF8.self)
        }
    }
}
