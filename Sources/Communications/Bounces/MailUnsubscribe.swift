import Core
import Storage

/// A person's mail to a message's unsubscribe address: no more marketing by e-mail.
public struct MailUnsubscribe: Sendable {
    private let database: Database
    private let addresses: AddressBook
    private let orchestrator: Orchestrator

    public init(database: Database, cipher: Cipher, orchestrator: Orchestrator) {
        self.database = database
        addresses = AddressBook(cipher: cipher)
        self.orchestrator = orchestrator
    }

    /// Holds when it returns (promise P4). Nothing where the message was erased, or the client has another address by now.
    public func apply(_ address: ReturnAddress) async throws {
        guard let id = address.communication else { return }
        let addresses = addresses
        let change = try await database.record { tx -> ConsentChange? in
            try tx.lockAllConsent()
            guard let record = try tx.owner(of: id), let client = try tx.client(record.client, business: record.business),
                let email = try addresses.address(of: client, on: .email, business: record.business), address.wentTo(email)
            else { return nil }
            let hash = addresses.lookupHash(of: email, on: .email, business: record.business)
            let isNew = try tx.suppressMarketing(
                hash, channel: .email, reason: SuppressionReason.marketingOptOut.rawValue, business: record.business,
                evidence: SuppressionEvidence(report: "unsubscribe mail", words: "", communication: id))
            if isNew {
                let source = ConsentSource(
                    .unsubscribe, by: Actor(.client, id: record.client.text), evidence: "mail to the unsubscribe address of \(id)")
                try tx.record(
                    ConsentEntry(client: record.client, purpose: .marketing, channel: .email, decision: .withdrawn, source: source),
                    business: record.business)
            }
            return ConsentChange(business: record.business, client: record.client, channels: .email)
        }
        guard let change else { return }
        await orchestrator.consentChanged(business: change.business, client: change.client, optedOut: change.channels)
    }
}
