import Core

/// Gives committed entries their place in the chain. One at a time for each chain, over all instances: whoever seals holds the head.
extension Database {
    /// Chains every entry that has been committed.
    ///
    /// - Parameter batch: entries in one transaction at most, so that writers behind it wait for milliseconds only.
    @discardableResult
    public func sealLedgers(batch: Int = 256) async throws -> LedgerSealing {
        var total = LedgerSealing()
        var place: LedgerPlace?
        var hasMore = false
        while true {
            let last = place
            guard let next = try await read({ tx in try tx.nextUnsealedLedger(after: last) }) else {
                guard hasMore else { return total }
                (place, hasMore) = (nil, false)
                continue
            }
            let sealed = try await write { tx in try tx.seal(next, limit: batch) }
            total.sealed += sealed.sealed
            total.repaired += sealed.repaired
            if sealed.sealed >= batch { hasMore = true }
            place = next
        }
    }
}

/// What a pass of the sealer did.
public struct LedgerSealing: Sendable, Hashable {
    /// Entries that were chained.
    public var sealed = 0
    /// Chains whose end somebody had altered.
    public var repaired = 0
}

extension Transaction {
    /// The chain after `place` that has entries to be sealed.
    func nextUnsealedLedger(after place: LedgerPlace?) throws -> LedgerPlace? {
        let business = place?.business ?? UUIDv7(high: 0, low: 0)
        let rows = try run(
            """
            SELECT business_id, ledger FROM crm_ledger_entries
            WHERE sequence IS NULL AND (business_id, ledger) > (\(business), \(place?.ledger.rawValue ?? ""))
            ORDER BY business_id, ledger LIMIT 1
            """)
        guard let row = rows.first, let ledger = LedgerName(rawValue: try row.text(1)) else { return nil }
        return LedgerPlace(business: try row.uuid(0), ledger: ledger)
    }

    /// Chains up to `limit` entries of one ledger.
    func seal(_ place: LedgerPlace, limit: Int) throws -> LedgerSealing {
        let cipher = try cipher()
        var (head, repair) = try lockHead(of: place)
        var records: [LedgerRecord] = []
        if let repair {
            try execute(repair.insertion)
            records.append(repair)
        }
        for entry in try unsealedEntries(place, limit: limit) where entry.record.id != repair?.id { records.append(entry.record) }
        guard !records.isEmpty else { return LedgerSealing() }
        var links: [(id: UUIDv7, link: LedgerLink)] = []
        for record in records {
            let link = LedgerLink(record, behind: head, cipher)
            links.append((record.id, link))
            (head.sequence, head.hash) = (link.sequence, link.hash)
        }
        var rest = links[...]
        while !rest.isEmpty {
            // Few sizes, so that the statements stay few.
            let size = [64, 16, 4, 1].first { $0 <= rest.count } ?? 1
            try execute(Self.linking(place, rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        try execute(
            """
            UPDATE crm_ledger_heads SET sequence = \(head.sequence), hash = \(head.hash), mac = \(head.authenticationCode(cipher)),
                sealed_at = \(now)
            WHERE business_id = \(place.business) AND ledger = \(place.ledger.rawValue)
            """)
        return LedgerSealing(sealed: records.count, repaired: repair == nil ? 0 : 1)
    }

    private static func linking(_ place: LedgerPlace, _ links: ArraySlice<(id: UUIDv7, link: LedgerLink)>) -> SQL {
        var sql = SQL(stringLiteral: "")
        func bind(_ value: SQLValue) -> String {
            sql.binds.append(value)
            return "$\(sql.binds.count)"
        }
        let rows = links.map { id, link in
            "("
                + [.uuid(id), .int(link.sequence), .bytes(link.previousHash), .bytes(link.hash), .bytes(link.seal)]
                .map(bind).joined(separator: ", ") + ")"
        }
        // The condition on the sequence: whatever was sealed stays as it is.
        sql.text = """
            UPDATE crm_ledger_entries AS e SET sequence = v.column2, previous_hash = v.column3, hash = v.column4, seal = v.column5
            FROM (VALUES \(rows.joined(separator: ", "))) AS v
            WHERE e.business_id = \(bind(.uuid(place.business))) AND e.ledger = \(bind(.text(place.ledger.rawValue)))
                AND e.entry_id = v.column1 AND e.sequence IS NULL
            """
        return sql
    }

    /// The end of the chain, kept for this transaction.
    ///
    /// A head that somebody altered, put back or removed is not believed: the chain goes on behind the last entry that there is, with an
    /// entry that says so and that stays a finding for ever.
    private func lockHead(of place: LedgerPlace) throws -> (head: LedgerHead, repair: LedgerRecord?) {
        var stored = try head(of: place, dialect.forUpdate)
        let isMissing = stored == nil
        var isNew = false
        if isMissing {
            isNew = try createHead(of: place)
            stored = try head(of: place, dialect.forUpdate)
        }
        guard let stored else { throw DatabaseError.corrupt(details: "crm_ledger_heads") }
        let last = try run(
            """
            SELECT sequence, hash FROM crm_ledger_entries
            WHERE business_id = \(place.business) AND ledger = \(place.ledger.rawValue) AND sequence IS NOT NULL
            ORDER BY sequence DESC LIMIT 1
            """
        ).first
        let lastSequence = try last?.int64(0) ?? 0
        // With entries in the chain it was there before.
        if isNew, last == nil { try countNewLedger() }
        if stored.isAuthentic, lastSequence <= stored.head.sequence { return (stored.head, nil) }
        let head = LedgerHead(place: place, sequence: lastSequence, hash: try last?.bytesOrNil(1) ?? LedgerLink.origin)
        let payload = LedgerPayload.bytes { json in
            json.member("details", raw: Self.repairDetails(found: isMissing ? nil : stored.head.sequence, last: lastSequence))
        }
        return (
            head,
            try LedgerRecord(
                place.ledger, business: place.business, at: now, actor: .system, action: LedgerAction.repair, client: nil, payload: payload,
                cipher: cipher())
        )
    }

    private static func repairDetails(found: Int64?, last: Int64) -> [UInt8] {
        var json = JSONWriter(capacity: 64)
        json.object { json in
            json.member("head", found)
            json.member("last_entry", last)
        }
        return json.bytes
    }

    /// Another instance may do the same at this moment: one row stays.
    ///
    /// - Returns: whether it is this transaction's.
    private func createHead(of place: LedgerPlace) throws -> Bool {
        let head = LedgerHead.origin(place)
        return try execute(
            """
            INSERT INTO crm_ledger_heads (business_id, ledger, sequence, hash, mac, sealed_at)
            VALUES (\(place.business), \(place.ledger.rawValue), 0, \(head.hash), \(head.authenticationCode(cipher())), \(now))
            ON CONFLICT (business_id, ledger) DO NOTHING
            """) > 0
    }
}

/// What the ledgers write about themselves.
enum LedgerAction {
    /// A person was erased: names the entries that it emptied.
    static let erase = "ledger.erase"
    /// The chain's head was not what was written; entries at its end may be missing.
    static let repair = "ledger.repair"
}
