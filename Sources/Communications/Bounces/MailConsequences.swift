import Core
import Storage

/// What bounces and complaints do to the address that they concern.
///
/// As for ``Consequences``: ``Transaction/lockAllConsent()`` comes first in the transaction.
struct MailConsequences: Sendable {
    let addresses: AddressBook
    let policy: BouncePolicy

    /// Of a communication of which somebody tells later. Nothing where it was erased, or where the client has another address by now:
    /// whoever has the new one must not suffer for the old.
    func apply(_ failure: ProviderEvent.Failure, to id: CommunicationID, _ tx: Transaction) throws -> [ConsentChange] {
        guard let consequence = failure.consequence, let record = try tx.owner(of: id),
            let client = try tx.client(record.client, business: record.business),
            let address = try addresses.address(of: client, on: .email, business: record.business)
        else { return [] }
        if let fingerprint = failure.fingerprint {
            guard ReturnAddresses.fingerprint(of: address, in: id) == fingerprint else { return [] }
        } else if client.updatedAt > record.createdAt {
            return []
        }
        return try apply(
            Case(
                consequence: consequence, communication: id, business: record.business, client: record.client, address: address,
                report: failure.report ?? "provider", words: failure.message), tx)
    }

    /// Of an attempt that the mail server refused at once.
    func apply(_ refused: Consequences.Refused, _ tx: Transaction) throws -> [ConsentChange] {
        guard let address = refused.address else { return [] }
        return try apply(
            Case(
                consequence: refused.consequence, communication: refused.communication, business: refused.business, client: refused.client,
                address: address, report: "\(refused.provider) refused", words: refused.details ?? ""), tx)
    }

    private struct Case {
        var consequence: FailureConsequence
        var communication: CommunicationID
        var business: BusinessID
        var client: ClientID
        var address: String
        var report: String
        var words: String
    }

    private func apply(_ one: Case, _ tx: Transaction) throws -> [ConsentChange] {
        let hash = addresses.lookupHash(of: one.address, on: .email, business: one.business)
        let change = ConsentChange(business: one.business, client: one.client, channels: .email)
        switch one.consequence {
        case .addressDead:
            try suppress(hash, .hardBounce, one, tx)
            return [change]
        case .softBounced:
            let count = try tx.countSoftBounce(
                hash, communication: one.communication, client: one.client, business: one.business, days: policy.softBounceDays)
            guard count >= policy.softBounceLimit else { return [] }
            try suppress(hash, .softBounces, one, count: count, tx)
            return [change]
        case .complained where policy.complaintScope == .all, .optedOut:
            try suppress(hash, one.consequence == .optedOut ? .providerOptOut : .complaint, one, tx)
            try tx.optOut(
                client: one.client, business: one.business, channel: .email, addressHashes: [hash],
                reason: one.consequence == .optedOut ? .providerOptOut : .complaint,
                evidence: ConsentEvidence(communication: one.communication, provider: source(one)), source: consentSource(one))
            return [change]
        case .complained, .marketingOptedOut:
            let reason: SuppressionReason = one.consequence == .complained ? .complaint : .marketingOptOut
            let isNew = try tx.suppressMarketing(
                hash, channel: .email, reason: reason.rawValue, business: one.business, evidence: evidence(one, count: nil))
            if isNew {
                try tx.record(
                    ConsentEntry(
                        client: one.client, purpose: .marketing, channel: .email, decision: .withdrawn, source: consentSource(one)),
                    business: one.business)
            }
            return [change]
        case .windowClosed:
            return []
        }
    }

    private func suppress(
        _ hash: [UInt8], _ reason: SuppressionReason, _ one: Case, count: Int? = nil, _ tx: Transaction
    ) throws {
        try tx.suppress(
            hash, channel: .email, reason: reason.rawValue, business: one.business, evidence: evidence(one, count: count))
        try tx.forgetSoftBounces(hash, business: one.business)
    }

    private func evidence(_ one: Case, count: Int?) -> SuppressionEvidence {
        SuppressionEvidence(
            report: one.report, words: MailWords.clean(one.words, without: [one.address]), communication: one.communication, count: count)
    }

    private func source(_ one: Case) -> String {
        one.report.split(separator: " ").first.map(String.init) ?? one.report
    }

    private func consentSource(_ one: Case) -> ConsentSource {
        ConsentSource(.provider, by: Actor(.provider, id: source(one)), evidence: "communication \(one.communication)")
    }
}
