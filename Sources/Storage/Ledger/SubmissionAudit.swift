import Core

/// What one commit of the writer tells the audit log of the communications in it: one entry for each credential and address, with the ids
/// of all that it submitted. An entry for each message would cost a tenth of accepting it.
struct SubmissionAudit {
    static let action = "communication.submit"

    private struct Group {
        let business: BusinessID
        let requester: Requester
        var ids: [CommunicationID]
    }

    /// Mostly one.
    private var groups: [Group] = []

    /// To be called once for each communication that is stored.
    mutating func add(_ acceptance: Acceptance) {
        guard let requester = acceptance.requester else { return }
        for index in groups.indices.reversed() where groups[index].business == acceptance.business && groups[index].requester == requester {
            groups[index].ids.append(acceptance.id)
            return
        }
        groups.append(Group(business: acceptance.business, requester: requester, ids: [acceptance.id]))
    }

    /// - Throws: ``DatabaseError/misconfigured(_:)`` where there are entries to be written and the keys are not open.
    func records(at now: Timestamp, _ ciphers: CipherSlot) throws(DatabaseError) -> [LedgerRecord] {
        guard !groups.isEmpty else { return [] }
        guard let cipher = ciphers.cipher else { throw .misconfigured("DB_ENCRYPTION_KEY: the keys of this database are not open.") }
        var records: [LedgerRecord] = []
        records.reserveCapacity(groups.count)
        for group in groups {
            var details = JSONWriter(capacity: 32 + group.ids.count * 39)
            details.object { json in
                json.array("communications") { json in
                    for id in group.ids { json.value(id.description) }
                }
            }
            let entry = AuditEntry(
                actor: group.requester.actor, action: Self.action, remoteAddress: group.requester.remoteAddress, details: details.bytes)
            records.append(
                try LedgerRecord(
                    .audit, business: group.business, at: now, actor: entry.actor, action: entry.action, client: nil,
                    payload: LedgerPayload.bytes(of: entry), cipher: cipher))
        }
        return records
    }
}
