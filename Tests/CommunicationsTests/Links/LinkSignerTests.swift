import Core
import Crypto
import Testing

@testable import Communications
@testable import Storage

@Suite("Signed public links")
struct LinkSignerTests {
    static let now = Timestamp(seconds: 1_780_000_000)
    static let business = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0001)

    static func signer(_ lookupKey: UInt8 = 1) throws -> LinkSigner {
        let cipher = try Cipher(
            keys: KeyRing(text: World.keys), lookupKey: SymmetricKey(data: [UInt8](repeating: lookupKey, count: 32)), sealsContent: false)
        return LinkSigner(cipher: cipher, baseURL: "https://crm.example")
    }

    static func client(_ text: String) throws -> ClientID { try #require(ClientID(text)) }

    static func links() throws -> [PublicLink] {
        let id = UUIDv7(at: now)
        return [
            PublicLink(.preferences, business: business, client: try client("client-1"), expiresAt: now.adding(seconds: 60), issuedAt: now),
            PublicLink(
                .unsubscribe, business: business, client: try client("a@b:c_d-9"), communication: id, channel: .email, issuedAt: now),
            PublicLink(
                .confirm, business: business, client: try client(String(repeating: "x", count: 128)), communication: id,
                channel: .whatsapp, topic: "Neuigkeiten für Gäste", expiresAt: now.adding(milliseconds: 1), issuedAt: now),
            PublicLink(.open, business: business, client: try client("z"), channel: .sms, topic: "", issuedAt: now),
            PublicLink(.click, business: business, client: try client("z"), topic: String(repeating: "t", count: 255), issuedAt: now),
        ]
    }

    @Test("a link comes back with every field it was made with")
    func roundTrip() throws {
        let signer = try Self.signer()
        for link in try Self.links() {
            #expect(signer.open(signer.token(link), purpose: link.purpose, at: Self.now) == .success(link))
        }
    }

    @Test("the address is the public one, the purpose and the token, in characters that need no escaping")
    func url() throws {
        let signer = try Self.signer()
        for link in try Self.links() {
            let token = signer.token(link)
            #expect(signer.url(link) == "https://crm.example/\(link.purpose.rawValue)/\(token)")
            #expect(token.utf8.allSatisfy { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8.contains($0) })
        }
    }

    @Test("a token with any bit turned over opens nothing")
    func everyBit() throws {
        let signer = try Self.signer()
        for link in try Self.links() {
            let bytes = try #require(Base64.decode(url: Array(signer.token(link).utf8)))
            for index in bytes.indices {
                for bit in 0..<8 {
                    var altered = bytes
                    altered[index] ^= 1 << UInt8(bit)
                    for purpose in LinkPurpose.allCases {
                        #expect(signer.open(Base64.encode(url: altered), purpose: purpose, at: Self.now) == .failure(.invalid))
                    }
                }
            }
        }
    }

    @Test("a token that was cut, lengthened or joined with another one's signature opens nothing")
    func cutAndSwapped() throws {
        let signer = try Self.signer()
        let links = try Self.links()
        let tokens = links.map(signer.token)
        for (link, token) in zip(links, tokens) {
            for end in 0..<token.utf8.count {
                #expect(signer.open(String(token.prefix(end)), purpose: link.purpose, at: Self.now) == .failure(.invalid))
            }
            #expect(signer.open(token + "A", purpose: link.purpose, at: Self.now) == .failure(.invalid))
            #expect(signer.open(token + "AAAA", purpose: link.purpose, at: Self.now) == .failure(.invalid))
        }
        let first = try #require(Base64.decode(url: Array(tokens[0].utf8)))
        let second = try #require(Base64.decode(url: Array(tokens[1].utf8)))
        let swapped = Base64.encode(url: Array(first.dropLast(16)) + Array(second.suffix(16)))
        #expect(signer.open(swapped, purpose: links[0].purpose, at: Self.now) == .failure(.invalid))
    }

    @Test("a genuine token opens nothing but what it was made for")
    func otherPurpose() throws {
        let signer = try Self.signer()
        for link in try Self.links() {
            for purpose in LinkPurpose.allCases where purpose != link.purpose {
                #expect(signer.open(signer.token(link), purpose: purpose, at: Self.now) == .failure(.invalid))
            }
        }
    }

    @Test("a token of another store opens nothing")
    func otherStore() throws {
        for link in try Self.links() {
            #expect(try Self.signer(1).open(Self.signer(2).token(link), purpose: link.purpose, at: Self.now) == .failure(.invalid))
        }
    }

    @Test("a link is expired from its last moment on, and says whose it was")
    func expiry() throws {
        let signer = try Self.signer()
        var link = try Self.links()[0]
        link.expiresAt = Self.now
        let token = signer.token(link)
        #expect(signer.open(token, purpose: .preferences, at: Self.now.adding(milliseconds: -1)) == .success(link))
        #expect(signer.open(token, purpose: .preferences, at: Self.now) == .failure(.expired(link)))
        #expect(signer.open(token, purpose: .unsubscribe, at: Self.now) == .failure(.invalid))
    }

    @Test("rubbish opens nothing and breaks nothing")
    func rubbish() throws {
        let signer = try Self.signer()
        var generator = SystemRandomNumberGenerator()
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            #expect(signer.open(Base64.encode(url: bytes), purpose: .preferences, at: Self.now) == .failure(.invalid))
            #expect(LinkToken.decode(bytes[...]).map(LinkToken.encode) ?? bytes == bytes)
        }
        for text in ["", "p", "../../etc/passwd", "%00", "ü", String(repeating: "A", count: 100_000)] {
            #expect(signer.open(text, purpose: .preferences, at: Self.now) == .failure(.invalid))
        }
    }
}
