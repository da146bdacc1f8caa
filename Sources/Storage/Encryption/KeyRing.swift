import Crypto

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
        guard !keys.isEmpty else { throw .misconfigured("\(setting): no key given.") }
        self.keys = keys
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
