import Core
import SMTP
import Storage

/// Seals and opens clients' addresses; the one place that knows how they are bound to their rows.
public struct AddressBook: Sendable {
    let cipher: Cipher

    public init(cipher: Cipher) {
        self.cipher = cipher
    }

    /// The client's address on a channel in the clear; nil when there is none.
    public func address(of snapshot: ClientSnapshot, on channel: Channel, business: BusinessID, client: ClientID) throws -> String? {
        try open(email: snapshot.email, phoneNumber: snapshot.phoneNumber, on: channel, business, client)
    }

    /// As ``address(of:on:business:client:)``, out of the client's record.
    public func address(of record: SealedClient, on channel: Channel, business: BusinessID) throws -> String? {
        try open(email: record.email, phoneNumber: record.phoneNumber, on: channel, business, record.id)
    }

    /// The keyed hash under which whoever has an address is found and suppressed.
    public func lookupHash(of address: String, on channel: Channel, business: BusinessID) -> [UInt8] {
        let normalised = channel == .email ? Self.normalised(email: address) : ClientAddress.normalised(phoneNumber: address)
        return cipher.lookupHash(normalised, business: business)
    }

    /// As ``ClientAddress/normalised(email:)``, with an internationalised domain in the form in which it travels: both of its spellings
    /// lead to the same mailbox, and a "no" to one must hold for the other.
    static func normalised(email: String) -> String {
        let text = ClientAddress.normalised(email: email)
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
        return (try? MailAddress(text))?.wireText ?? text
    }

    /// The keyed hash under which a client's number is found; nil when there is none.
    public func phoneHash(of snapshot: ClientSnapshot, business: BusinessID, client: ClientID) throws -> [UInt8]? {
        try address(of: snapshot, on: .whatsapp, business: business, client: client).map {
            lookupHash(of: $0, on: .whatsapp, business: business)
        }
    }

    /// A request's recipient with its addresses sealed for the client's row.
    public func seal(_ recipient: RecipientUpdate, business: BusinessID, client: ClientID) throws -> SealedRecipient {
        SealedRecipient(
            name: recipient.name,
            email: try recipient.email.map { try cipher.seal($0, .clientEmail(business, client)) },
            emailHash: recipient.email.map { lookupHash(of: $0, on: .email, business: business) },
            phoneNumber: try recipient.phoneNumber.map { try cipher.seal($0, .clientPhone(business, client)) },
            phoneHash: recipient.phoneNumber.map { lookupHash(of: $0, on: .sms, business: business) },
            timezone: recipient.timezone, language: recipient.language)
    }

    private func open(
        email: SealedValue?, phoneNumber: SealedValue?, on channel: Channel, _ business: BusinessID, _ client: ClientID
    ) throws -> String? {
        switch channel {
        case .email: try email.map { try cipher.open($0, .clientEmail(business, client)) }
        case .sms, .whatsapp: try phoneNumber.map { try cipher.open($0, .clientPhone(business, client)) }
        }
    }
}
