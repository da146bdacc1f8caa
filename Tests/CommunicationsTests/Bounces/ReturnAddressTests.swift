import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Return addresses")
struct ReturnAddressTests {
    private static let id = CommunicationID(high: 0x0192_0a1b_2c3d_7e4f, low: 0x8a9b_acbd_cedf_e0f1)

    private func withAddresses(_ domain: String = "bounce.example.org", _ body: (ReturnAddresses) throws -> Void) async throws {
        try await TestDatabase.with(.sqlite) { test in
            let cipher = try await Cipher.open(test.database, keys: KeyRing(text: "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
            try body(ReturnAddresses(cipher: cipher, domain: domain))
        }
    }

    @Test("an address names its communication and its kind, in whatever case it comes back")
    func roundTrip() async throws {
        try await withAddresses { addresses in
            for address in [addresses.bounce(Self.id, to: "Ada@example.org"), addresses.unsubscribe(Self.id, to: "ada@example.org")] {
                for spelling in [address, address.uppercased(), address.lowercased()] {
                    let opened = try #require(addresses.open(spelling))
                    #expect(opened.communication == Self.id)
                    #expect(opened.wentTo("ADA@EXAMPLE.ORG"))
                    #expect(!opened.wentTo("bob@example.org"))
                }
            }
            #expect(addresses.open(addresses.bounce(Self.id, to: "a@example.org"))?.kind == .bounce)
            #expect(addresses.open(addresses.unsubscribe(Self.id, to: "a@example.org"))?.kind == .unsubscribe)
            #expect(addresses.open(addresses.complaints)?.kind == .complaint)
            #expect(addresses.open(addresses.complaints)?.communication == nil)
        }
    }

    @Test("local parts stay within 64 octets and whole addresses within 254")
    func lengths() async throws {
        let domain = Array(repeating: "abcdefghijklmno", count: 11).joined(separator: ".") + ".example.org"
        #expect(domain.utf8.count <= ReturnAddresses.longestDomain && ReturnAddresses.isDomain(domain))
        try await withAddresses(domain) { addresses in
            for address in [addresses.bounce(Self.id, to: "a@b.org"), addresses.unsubscribe(Self.id, to: "a@b.org"), addresses.complaints] {
                let local = address.prefix { $0 != "@" }
                #expect(local.utf8.count <= 64 && address.utf8.count <= 254)
                #expect(local.utf8.allSatisfy { $0 < 0x80 })
            }
        }
    }

    @Test("no changed character, other kind or other domain is believed")
    func forged() async throws {
        try await withAddresses { addresses in
            let address = addresses.bounce(Self.id, to: "ada@example.org")
            let token = address.dropFirst("bounce+".count).prefix { $0 != "@" }
            for index in token.indices {
                var changed = token
                changed.replaceSubrange(index...index, with: token[index] == "a" ? "b" : "a")
                #expect(addresses.open("bounce+\(changed)@bounce.example.org") == nil)
            }
            for wrong in [
                "unsubscribe+\(token)@bounce.example.org", "complaint+\(token)@bounce.example.org", "bounce+\(token)@example.org",
                "bounce+\(token)a@bounce.example.org", "bounce+\(token.dropLast())@bounce.example.org", "bounce@bounce.example.org",
                "bounce+@bounce.example.org", "\(token)@bounce.example.org", "postmaster@bounce.example.org", "@", "", "bounce+\(token)",
                "bounce+\(token)@bounce.example.org.", "x\(address)",
            ] { #expect(addresses.open(wrong) == nil, "\(wrong)") }
        }
    }

    @Test("another store's addresses are not ours")
    func otherStore() async throws {
        var foreign = ""
        try await withAddresses { foreign = $0.bounce(Self.id, to: "ada@example.org") }
        try await withAddresses { #expect($0.open(foreign) == nil) }
    }
}
