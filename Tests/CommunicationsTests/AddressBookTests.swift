import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("One hash for each mailbox")
struct AddressBookTests {
    private static let business = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0001)

    @Test(
        "spellings that lead to the same mailbox have the same hash, so that a refusal holds for all of them",
        arguments: [
            ("Ada@Example.org", "ada@example.org"),
            ("ada@b\u{FC}cher.example", "ada@xn--bcher-kva.example"),
            ("ada@B\u{DC}CHER.example", "Ada@XN--BCHER-KVA.example"),
            ("ada@bu\u{308}cher.example", "ada@b\u{FC}cher.example"),
            ("jose\u{301}@example.org", "jos\u{E9}@example.org"),
        ])
    func same(one: String, other: String) async throws {
        try await TestDatabase.with(.sqlite) { test in
            let keys = try KeyRing(text: "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
            let book = AddressBook(cipher: try await Cipher.open(test.database, keys: keys))
            let hashes = [one, other, "somebody.else@example.org"].map { book.lookupHash(of: $0, on: .email, business: Self.business) }
            #expect(hashes[0] == hashes[1])
            #expect(hashes[0] != hashes[2])
            // Providers may report a bounce in the other spelling.
            let id = CommunicationID(high: 1, low: 2)
            #expect(ReturnAddresses.fingerprint(of: one, in: id) == ReturnAddresses.fingerprint(of: other, in: id))
        }
    }
}
