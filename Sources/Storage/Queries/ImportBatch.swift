import Core

/// A client of an import with their addresses sealed.
public struct SealedImport: Sendable {
    public var client: ImportedClient
    public var email: SealedValue?
    public var emailHash: [UInt8]?
    public var phoneNumber: SealedValue?
    public var phoneHash: [UInt8]?

    public init(client: ImportedClient, email: SealedValue?, emailHash: [UInt8]?, phoneNumber: SealedValue?, phoneHash: [UInt8]?) {
        self.client = client
        self.email = email
        self.emailHash = emailHash
        self.phoneNumber = phoneNumber
        self.phoneHash = phoneHash
    }
}

/// What a batch of an import came to.
public struct ImportBatchResult: Sendable {
    public var counts = ClientImport.Counts()
    /// Whose consent or record changed; to be settled once the batch is durable (promise P4).
    public var changes: [ConsentChange] = []
}

/// Many clients in one transaction: read together, decided in memory, written together.
extension Transaction {
    /// - Parameter isDryRun: decides and counts, and writes nothing.
    public func importClients(
        _ imports: [SealedImport], business: BusinessID, source: ConsentSource, isDryRun: Bool
    ) throws -> ImportBatchResult {
        var result = ImportBatchResult()
        guard !imports.isEmpty else { return result }
        if !isDryRun { try lockConsent(of: imports.map { (business, $0.client.id) }) }
        let found = try runAll(imports.map { Self.known($0.client.id, business) })
        let suppressed = try suppressedChannels(of: zip(imports, found).map { try Self.hashes($0, $1.first) }, business)
        var known: [ClientID: StatedPreferences] = [:]
        for (index, one) in imports.enumerated() {
            let id = one.client.id
            let row = found[index].first
            let exists = try known[id] != nil || row?.int(12) == 1
            let stored = try known[id] ?? row.map { try StatedPreferences($0, from: 2) } ?? StatedPreferences()
            let (after, keptRefusal) = one.client.merged(into: stored, suppressed: suppressed[index])
            known[id] = after
            result.counts.lines += 1
            if exists { result.counts.updated += 1 } else { result.counts.created += 1 }
            if keptRefusal { result.counts.keptRefusals += 1 }
            if !suppressed[index].isEmpty { result.counts.suppressed += 1 }
            guard !isDryRun else { continue }
            try write(one, business)
            result.changes.append(try writeConsent(one.client, stored, after, business, source))
        }
        return result
    }

    private static func known(_ id: ClientID, _ business: BusinessID) -> SQL {
        """
        SELECT c.email_hash, c.phone_hash, p.preferred_channels, p.timezone, p.quiet_hours_start, p.quiet_hours_end, p.opt_out_email,
            p.opt_out_sms, p.opt_out_whatsapp, p.language_preference, p.marketing, p.topics_refused, 1
        FROM crm_clients c
        LEFT JOIN crm_client_preferences p ON p.business_id = c.business_id AND p.client_id = c.client_id
        WHERE c.business_id = \(business) AND c.client_id = \(id)
        UNION ALL
        SELECT NULL, NULL, p.preferred_channels, p.timezone, p.quiet_hours_start, p.quiet_hours_end, p.opt_out_email,
            p.opt_out_sms, p.opt_out_whatsapp, p.language_preference, p.marketing, p.topics_refused, 0
        FROM crm_client_preferences p
        WHERE p.business_id = \(business) AND p.client_id = \(id)
            AND NOT EXISTS (SELECT 1 FROM crm_clients c WHERE c.business_id = \(business) AND c.client_id = \(id))
        """
    }

    /// The addresses that the client has after the import.
    private static func hashes(_ one: SealedImport, _ row: Row?) throws -> (email: [UInt8]?, phone: [UInt8]?) {
        (try one.emailHash ?? row?.bytesOrNil(0), try one.phoneHash ?? row?.bytesOrNil(1))
    }

    private func suppressedChannels(of addresses: [(email: [UInt8]?, phone: [UInt8]?)], _ business: BusinessID) throws -> [ChannelSet] {
        guard try !run("SELECT 1 FROM crm_suppressions WHERE business_id = \(business) LIMIT 1").isEmpty else {
            return addresses.map { _ in [] }
        }
        let found = try runAll(
            addresses.map { address in
                """
                SELECT channel, address_hash FROM crm_suppressions
                WHERE business_id = \(business) AND (address_hash = \(address.email) OR address_hash = \(address.phone))
                """
            })
        return try zip(addresses, found).map { address, rows in
            var channels: ChannelSet = []
            for row in rows {
                let channel = try row.channel(0)
                if try row.bytes(1) == (channel == .email ? address.email : address.phone) { channels.formUnion(ChannelSet(channel)) }
            }
            return channels
        }
    }

    private func write(_ one: SealedImport, _ business: BusinessID) throws {
        let client = one.client
        let name = try content.stored(client.name, .clientName(business, client.id))
        let words = content.words(of: client.name, business)
        let attributes = try content.stored(json: client.attributes ?? Array("{}".utf8), .clientAttributes(business, client.id))
        try enqueue(
            """
            INSERT INTO crm_clients (business_id, client_id, name, email, email_hash, phone_number, phone_hash, language, timezone,
                attributes, created_at, updated_at, name_words)
            VALUES (\(business), \(client.id), \(name), \(one.email), \(one.emailHash), \(one.phoneNumber), \(one.phoneHash),
                \(client.language), \(client.timezone), \(json: attributes), \(now), \(now), \(words))
            ON CONFLICT (business_id, client_id) DO UPDATE SET name = COALESCE(excluded.name, crm_clients.name),
                name_words = CASE WHEN excluded.name IS NULL THEN crm_clients.name_words ELSE excluded.name_words END,
                email = COALESCE(excluded.email, crm_clients.email), email_hash = COALESCE(excluded.email_hash, crm_clients.email_hash),
                phone_number = COALESCE(excluded.phone_number, crm_clients.phone_number),
                phone_hash = COALESCE(excluded.phone_hash, crm_clients.phone_hash),
                language = COALESCE(excluded.language, crm_clients.language), timezone = COALESCE(excluded.timezone, crm_clients.timezone),
                attributes = CASE WHEN \(client.attributes == nil) THEN crm_clients.attributes ELSE excluded.attributes END,
                updated_at = excluded.updated_at
            """)
        guard let tags = client.tags else { return }
        try enqueue("DELETE FROM crm_client_tags WHERE business_id = \(business) AND client_id = \(client.id)")
        for tag in Set(tags).sorted() {
            try enqueue("INSERT INTO crm_client_tags (business_id, client_id, tag) VALUES (\(business), \(client.id), \(tag))")
        }
    }

    private func writeConsent(
        _ client: ImportedClient, _ before: StatedPreferences, _ after: StatedPreferences, _ business: BusinessID, _ source: ConsentSource
    ) throws -> ConsentChange {
        guard before != after else { return ConsentChange(business: business, client: client.id, channels: []) }
        try enqueue(storing(after, of: client.id, business: business))
        var own = source
        (own.wording, own.wordingVersion) = (client.wording, client.wordingVersion)
        own.evidence = client.evidence ?? source.evidence
        let change = PreferencesChange(of: client.id, from: before, to: after, source: own)
        for entry in change.entries { try record(entry, business: business) }
        return ConsentChange(business: business, client: client.id, channels: change.withdrawn)
    }
}
