import Core
import Storage

/// Finds the clients behind a telephone number, in every business: an account's numbers serve them all.
struct NumberBook: Sendable {
    let cipher: Cipher

    /// A number with the hashes under which each business knows it, and who has it.
    struct Entry: Sendable {
        var owners: [NumberOwner]
        /// For each business, the hashes of every spelling of the number.
        var hashes: [BusinessID: [[UInt8]]]
    }

    /// - Parameter businesses: where to look.
    func look(up number: PhoneNumber, in businesses: [BusinessID], _ tx: Transaction) throws -> Entry {
        let addresses = AddressBook(cipher: cipher)
        var hashes: [BusinessID: [[UInt8]]] = [:]
        for business in businesses {
            hashes[business] = number.candidates.map { addresses.lookupHash(of: $0, on: .sms, business: business) }
        }
        return Entry(owners: try tx.numberOwners(hashes), hashes: hashes)
    }
}
