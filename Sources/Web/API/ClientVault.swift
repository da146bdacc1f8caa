import Communications
import Core
import Logging
import Storage

/// A client as a list shows them.
struct ListedClient: Sendable {
    var client: Client
    var unreadable: UnreadableFields
}

/// Seals a business's client records for the tables and opens them again.
struct ClientVault: Sendable {
    let cipher: Cipher
    let business: BusinessID

    func seal(_ client: Client) throws -> SealedClient {
        SealedClient(
            id: client.id, name: client.name,
            email: try client.email.map { try cipher.seal($0, .clientEmail(business, client.id)) },
            emailHash: client.email.map(emailHash),
            phoneNumber: try client.phoneNumber.map { try cipher.seal($0, .clientPhone(business, client.id)) },
            phoneHash: client.phoneNumber.map(phoneHash), language: client.language, timezone: client.timezone, tags: client.tags,
            attributes: client.attributes, createdAt: client.createdAt, updatedAt: client.updatedAt)
    }

    /// - Throws: ``DatabaseError/sealed(_:)`` for what does not open.
    func open(_ stored: SealedClient) throws -> Client {
        let listed = try openListed(stored)
        if let reason = listed.unreadable.reasons.first { throw DatabaseError.sealed(reason) }
        return listed.client
    }

    /// A record of a list: what does not open is absent and noted.
    func openListed(_ stored: SealedClient) throws -> ListedClient {
        var unreadable = stored.unreadable
        let email = try unreadable.opened("email") { try stored.email.map { try cipher.open($0, .clientEmail(business, stored.id)) } }
        let phoneNumber = try unreadable.opened("phone_number") {
            try stored.phoneNumber.map { try cipher.open($0, .clientPhone(business, stored.id)) }
        }
        return ListedClient(
            client: Client(
                id: stored.id, name: stored.name, email: email, phoneNumber: phoneNumber, language: stored.language,
                timezone: stored.timezone, tags: stored.tags, attributes: stored.attributes, createdAt: stored.createdAt,
                updatedAt: stored.updatedAt),
            unreadable: unreadable)
    }

    /// The records of a list, with a line in the log for each value that does not open.
    func openListed(_ stored: some Collection<SealedClient>, _ logger: Logger) throws -> [ListedClient] {
        let clients = try stored.map { try openListed($0) }
        for client in clients { client.unreadable.report(to: logger) }
        return clients
    }

    /// What someone typed into a search; a whole address is also looked up by its hash.
    func words(_ text: String) -> ClientSearch.Words {
        ClientSearch.Words(
            text: text, emailHash: ClientFields.email(text) == nil ? emailHash(text) : nil,
            phoneHash: PhoneNumber(text).map { phoneHash($0.e164) })
    }

    private func emailHash(_ email: String) -> [UInt8] {
        AddressBook(cipher: cipher).lookupHash(of: email, on: .email, business: business)
    }

    private func phoneHash(_ phoneNumber: String) -> [UInt8] {
        AddressBook(cipher: cipher).lookupHash(of: phoneNumber, on: .sms, business: business)
    }
}
