import Core
import Crypto

/// One chain: a business's audit log or its consent ledger.
public struct LedgerPlace: Sendable, Hashable {
    public var business: BusinessID
    public var ledger: LedgerName

    public init(business: BusinessID, ledger: LedgerName) {
        self.business = business
        self.ledger = ledger
    }
}

/// An entry's place in the chain.
///
/// The hash can be computed by anybody from an export; the seal, under the store's key, keeps a chain that was rewritten as a whole
/// from passing for the true one.
struct LedgerLink: Sendable, Hashable {
    /// Before the first entry.
    static let origin = [UInt8](repeating: 0, count: 32)

    /// From 1 without gaps.
    var sequence: Int64
    var previousHash: [UInt8]
    var hash: [UInt8]
    var seal: [UInt8]

    init(sequence: Int64, previousHash: [UInt8], hash: [UInt8], seal: [UInt8]) {
        self.sequence = sequence
        self.previousHash = previousHash
        self.hash = hash
        self.seal = seal
    }

    init(_ record: LedgerRecord, behind head: LedgerHead, _ cipher: Cipher) {
        let sequence = head.sequence &+ 1
        let hash = Self.hash(sequence: sequence, previous: head.hash, content: record.contentHash)
        self.init(
            sequence: sequence, previousHash: head.hash, hash: hash, seal: Self.seal(head.place, sequence, hash, cipher))
    }

    /// SHA-256 of four lines, each with its line feed: `rapport ledger link 1`, the sequence, and in lower-case hexadecimal the hash
    /// before it and ``LedgerRecord/contentHash``.
    static func hash(sequence: Int64, previous: [UInt8], content: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(180)
        bytes.append(line: "rapport ledger link 1")
        bytes.append(line: String(sequence))
        bytes.append(hexadecimal: previous)
        bytes.append(hexadecimal: content)
        return Array(SHA256.hash(data: bytes))
    }

    static func seal(_ place: LedgerPlace, _ sequence: Int64, _ hash: [UInt8], _ cipher: Cipher) -> [UInt8] {
        cipher.authenticationCode(of: place.bytes(sequence, hash), purpose: "ledger seal")
    }
}

/// The end of a chain, with a code of its own: it shows when entries are missing behind the last one.
struct LedgerHead: Sendable, Hashable {
    var place: LedgerPlace
    var sequence: Int64
    var hash: [UInt8]

    /// The end of a chain without entries.
    static func origin(_ place: LedgerPlace) -> LedgerHead {
        LedgerHead(place: place, sequence: 0, hash: LedgerLink.origin)
    }

    func authenticationCode(_ cipher: Cipher) -> [UInt8] {
        cipher.authenticationCode(of: place.bytes(sequence, hash), purpose: "ledger head")
    }
}

extension LedgerPlace {
    fileprivate func bytes(_ sequence: Int64, _ hash: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(140)
        bytes.append(line: business.description)
        bytes.append(line: ledger.rawValue)
        bytes.append(line: String(sequence))
        bytes.append(hexadecimal: hash)
        return bytes
    }
}
