import Core
import Storage

/// A person's mail to a message's unsubscribe address: the same as a click on its unsubscribe link.
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
            let source = ConsentSource(
                .unsubscribe, by: Actor(.client, id: record.client.text), wordingVersion: "mailto", evidence: "communication \(id)")
            if try tx.unsubscribe(client, from: .email, business: record.business, source: source) {
                try tx.audit(
                    AuditEntry(actor: source.actor, action: "client.unsubscribe", target: record.client.text, client: record.client),
                    business: record.business)
            }
            return ConsentChange(business: record.business, client: record.client, channels: .email)
        }
        guard let change else { return }
        await orchestrator.consentChanged(business: change.business, client: change.client, optedOut: change.channels)
    }
}
