import Core
import Storage

/// Seals and opens clients' addresses; the one place that knows how they are bound to their rows.
public struct AddressBook: Sendable {
    let cipher: Cipher

    public init(cipher: Cipher) {
        self.cipher = cipher
    }

    /// The client's address on a channel in the clear; nil when there is none.
    public func address(of snapshot: ClientSnapshot, on channel: Channel, business: BusinessID, client: ClientID) throws -> String? {
        switch channel {
        case .email: try snapshot.email.map { try cipher.open($0, .clientEmail(business, client)) }
        case .sms, .whatsapp: try snapshot.phoneNumber.map { try cipher.open($0, .clientPhone(business, client)) }
        }
    }

    /// The keyed hash under which a client's number is found; nil when there is none.
    public func phoneHash(of snapshot: ClientSnapshot, business: BusinessID, client: ClientID) throws -> [UInt8]? {
        try address(of: snapshot, on: .whatsapp, business: business, client: client).map { cipher.lookupHash($0, business: business) }
    }

    /// A request's recipient with its addresses sealed for the client's row.
    public func seal(_ recipient: RecipientUpdate, business: BusinessID, client: ClientID) throws -> SealedRecipient {
        SealedRecipient(
            name: recipient.name,
            email: try recipient.email.map { try cipher.seal($0, .clientEmail(business, client)) },
            emailHash: recipient.email.map { cipher.lookupHash(ClientAddress.normalised(email: $0), business: business) },
            phoneNumber: try recipient.phoneNumber.map { try cipher.seal($0, .clientPhone(business, client)) },
            phoneHash: recipient.phoneNumber.map { cipher.lookupHash($0, business: business) },
            timezone: recipient.timezone, language: recipient.language)
    }
}
