import Core

extension Database {
    /// Checks one ledger from its first entry to its end. Reads in steps, so that others work on meanwhile; what is added in the
    /// meantime is checked too.
    public func verifyLedger(_ place: LedgerPlace, step: Int = 500) async throws -> LedgerReport {
        let cipher = try await read { tx in try tx.cipher() }
        var check = LedgerCheck(place: place, cipher: cipher)
        var last: Int64?
        var sawUnsealed = false
        while true {
            let from = last
            let (entries, stored) = try await read { tx in
                (try tx.sealedEntries(place, after: from, limit: step), try tx.head(of: place))
            }
            let head = stored.flatMap { $0.isAuthentic ? $0.head : nil }
            for entry in entries { check.take(entry, head: head) }
            if let sequence = entries.last?.sequence {
                (last, sawUnsealed) = (sequence, false)
            } else if !sawUnsealed {
                check.beginUnsealed()
                try await verifyUnsealed(&check, step)
                // What was sealed since the last look is in neither of the two; it is looked for once more.
                sawUnsealed = true
            } else {
                check.finish(stored)
                for id in check.unaccounted where try await isFilled(id, place) { check.note(restored: id) }
                return check.report
            }
        }
    }

    private func verifyUnsealed(_ check: inout LedgerCheck, _ step: Int) async throws {
        let place = check.report.place
        var last: UUIDv7?
        while true {
            let from = last
            let entries = try await read { tx in try tx.unsealedEntries(place, after: from, limit: step) }
            guard let final = entries.last else { return }
            for entry in entries { check.take(unsealed: entry) }
            last = final.record.id
        }
    }

    private func isFilled(_ id: UUIDv7, _ place: LedgerPlace) async throws -> Bool {
        try await read { tx in
            try !tx.run(
                """
                SELECT 1 FROM crm_ledger_entries
                WHERE business_id = \(place.business) AND ledger = \(place.ledger.rawValue) AND entry_id = \(id) AND payload IS NOT NULL
                """
            ).isEmpty
        }
    }
}
