import Core
import Crypto
import FoundationEssentials

/// The keys that protect personal data at rest. The first one writes, all of them read.
public struct KeyRing: Sendable {
    struct Key: Sendable {
        /// 1–32 characters of `A-Z a-z 0-9 _ -`.
        var id: String
        var key: SymmetricKey
    }

    let keys: [Key]

    /// Reads `base64` or `id:base64,id:base64`; every key has 32 bytes.
    ///
    /// - Throws: ``DatabaseError/misconfigured(_:)`` with one line that names the setting, never a key.
    public init(text: String, setting: String = "DB_ENCRYPTION_KEY") throws(DatabaseError) {
        var keys: [Key] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            // Around a key only: within its name a space is a mistake.
            let part = String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
            let pieces = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let id = pieces.count == 2 ? String(pieces[0]) : "default"
            guard let encoded = pieces.last, Self.isKeyID(id) else {
                throw .misconfigured("\(setting): a key's name is 1 to 32 letters, digits, '-' or '_', followed by ':' and the key.")
            }
            guard let bytes = Base64.decode(encoded), bytes.count == 32 else {
                throw .misconfigured("\(setting): key '\(id)' must be 32 bytes in base64 (for example from: openssl rand -base64 32).")
            }
            guard !keys.contains(where: { $0.id == id }) else {
                throw .misconfigured("\(setting): the key name '\(id)' stands there twice.")
            }
            keys.append(Key(id: id, key: SymmetricKey(data: bytes)))
        }
        guard let first = keys.first else { throw .misconfigured("\(setting): no key given.") }
        self.keys = keys
        writing = first
    }

    private init(first: Key, others: [Key]) {
        keys = [first] + others
        writing = first
    }

    /// The key that writes: the first.
    let writing: Key

    func key(named id: String) -> Key? {
        // Two or three at most.
        keys.first { $0.id == id }
    }

    /// The keys' names in order.
    public var names: [String] { keys.map(\.id) }

    /// Tells keys apart without telling anything of them: 16 hexadecimal digits of the first key's SHA-256.
    public var fingerprint: String {
        let hash = SHA256.hash(data: writing.key.withUnsafeBytes { Array($0) })
        return Hexadecimal.encode(Array(hash.prefix(8)))
    }

    /// A ring in which a new random key writes, under a name that no key before it had: names outlive their keys in backups.
    func addingKey() -> KeyRing {
        let numbers = keys.compactMap { $0.id.first == "k" ? UInt32($0.id.dropFirst()) : nil }
        var number = UInt64(numbers.max() ?? 0) + 1
        while key(named: "k\(number)") != nil { number += 1 }
        return KeyRing(first: Key(id: "k\(number)", key: SymmetricKey(size: .bits256)), others: keys)
    }

    /// The first key alone.
    func droppingOldKeys() -> KeyRing {
        KeyRing(first: writing, others: [])
    }

    /// As ``init(text:setting:)`` reads it. Secret.
    var text: String {
        keys.map { key in "\(key.id):\(Base64.encode(key.key.withUnsafeBytes { Array($0) }))" }.joined(separator: ",")
    }

    private static func isKeyID(_ id: String) -> Bool {
        (1...32).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}
