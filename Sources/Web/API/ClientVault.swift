import Communications
import Core
import Storage

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

    func open(_ stored: SealedClient) throws -> Client {
        Client(
            id: stored.id, name: stored.name, email: try stored.email.map { try cipher.open($0, .clientEmail(business, stored.id)) },
            phoneNumber: try stored.phoneNumber.map { try cipher.open($0, .clientPhone(business, stored.id)) },
            language: stored.language, timezone: stored.timezone, tags: stored.tags, attributes: stored.attributes,
            createdAt: stored.createdAt, updatedAt: stored.updatedAt)
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
