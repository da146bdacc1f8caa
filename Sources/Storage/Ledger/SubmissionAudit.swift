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
            let entry = AuditEntry(
                actor: group.requester.actor, action: Self.action, remoteAddress: group.requester.remoteAddress,
                details: Self.details(group.ids))
            records.append(
                try LedgerRecord(
                    .audit, business: group.business, at: now, actor: entry.actor, action: entry.action, client: nil,
                    payload: LedgerPayload.bytes(of: entry), cipher: cipher))
        }
        return records
    }

    /// `{"communications":["…"]}`, without a text of its own for each id.
    private static func details(_ ids: [CommunicationID]) -> [UInt8] {
        let head = Array(#"{"communications":["#.utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.count + ids.count * (UUIDv7.textLength + 3) + 2)
        bytes += head
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: UUIDv7.textLength) { room in
            for (index, id) in ids.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                id.writeText(to: room)
                bytes.append(UInt8(ascii: "\""))
                bytes.append(contentsOf: room)
                bytes.append(UInt8(ascii: "\""))
            }
        }
        bytes += Array("]}".utf8)
        return bytes
    }
}
