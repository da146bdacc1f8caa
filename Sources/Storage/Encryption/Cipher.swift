import Core
import Crypto
import FoundationEssentials
import Synchronization

/// Seals personal data for its place (AES-256-GCM) and makes the keyed hashes by which it is found again.
///
/// A sealed value is `version(1) ‖ length of key id(1) ‖ key id ‖ nonce(12) ‖ ciphertext ‖ tag(16)`. Table, column,
/// business, row and key id are authenticated with it, so that a value copied to another row does not open.
public final class Cipher: Sendable {
    static let version: UInt8 = 1

    private let ring: Mutex<KeyRing>
    private let lookupKey: SymmetricKey
    /// Whether new content (contexts, files, names) is sealed as addresses always are.
    public let sealsContent: Bool
    /// Keys the hashes by which sealed names are found; survives key rotation.
    let nameKey: [UInt8]
    /// Keys of ``authenticationCode(of:purpose:)`` by purpose: there are few, and deriving one costs as much as its use.
    private let purposeKeys = Mutex<[String: SymmetricKey]>([:])

    init(keys: KeyRing, lookupKey: SymmetricKey, sealsContent: Bool) {
        ring = Mutex(keys)
        self.lookupKey = lookupKey
        self.sealsContent = sealsContent
        let code = HMAC<SHA256>.authenticationCode(for: Array("rapport:names".utf8), using: lookupKey)
        nameKey = code.withUnsafeBytes { Array($0.prefix(16)) }
    }

    /// The keys in use.
    public var keys: KeyRing { ring.withLock { $0 } }

    /// From now on the first of `keys` writes, and all of them read.
    func adopt(_ keys: KeyRing) {
        ring.withLock { $0 = keys }
    }

    public func seal(_ text: String, _ context: SealContext) throws(DatabaseError) -> SealedValue {
        try seal(Array(text.utf8), context)
    }

    public func seal(_ plaintext: [UInt8], _ context: SealContext) throws(DatabaseError) -> SealedValue {
        let key = keys.writing
        return try Self.seal(plaintext, context.bytes(keyID: key.id), with: key)
    }

    /// - Throws: ``DatabaseError/sealed(_:)`` when the value belongs to another place or key, or is damaged.
    public func open(_ value: SealedValue, _ context: SealContext) throws(DatabaseError) -> String {
        String(decoding: try openBytes(value, context), as: UTF8.self)
    }

    public func openBytes(_ value: SealedValue, _ context: SealContext) throws(DatabaseError) -> [UInt8] {
        guard let (id, body) = Self.parse(value) else { throw .sealed("A sealed value is damaged.") }
        guard let key = keys.key(named: id) else {
            throw .sealed("A value is sealed with the key '\(id)', which is not in DB_ENCRYPTION_KEY.")
        }
        do throws(DatabaseError) {
            return try Self.open(body, context.bytes(keyID: id), with: key.key)
        } catch {
            // Whoever has to mend it must know which one it is.
            throw .sealed(
                "A sealed value does not belong to its place, or is damaged: \(context.table).\(context.column) of \(context.row), "
                    + "business \(context.business).")
        }
    }

    /// True when `value` was sealed with another key than the one that writes now.
    public func needsRotation(_ value: SealedValue) -> Bool {
        Self.parse(value)?.id != keys.writing.id
    }

    /// HMAC-SHA256 of an address in its normal form, different for each business; survives key rotation.
    public func lookupHash(_ normalised: String, business: BusinessID) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(16 + normalised.utf8.count)
        for word in [business.high, business.low] {
            for shift in stride(from: 56, through: 0, by: -8) { message.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
        message.append(contentsOf: normalised.utf8)
        return HMAC<SHA256>.authenticationCode(for: message, using: lookupKey).withUnsafeBytes { Array($0) }
    }

    /// HMAC-SHA256 under a key of this store's own for `purpose` (a constant of the code); survives key rotation. For links, ledgers
    /// and addresses that come back to us.
    public func authenticationCode(of message: some Sequence<UInt8>, purpose: StaticString) -> [UInt8] {
        HMAC<SHA256>.authenticationCode(for: Array(message), using: key(for: "\(purpose)")).withUnsafeBytes { Array($0) }
    }

    private func key(for purpose: String) -> SymmetricKey {
        purposeKeys.withLock { keys in
            if let key = keys[purpose] { return key }
            let key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array("rapport:\(purpose)".utf8), using: lookupKey))
            keys[purpose] = key
            return key
        }
    }

    static func seal(_ plaintext: [UInt8], _ context: [UInt8], with key: KeyRing.Key) throws(DatabaseError) -> SealedValue {
        do {
            let box = try AES.GCM.seal(plaintext, using: key.key, authenticating: context)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(2 + key.id.utf8.count + 12 + plaintext.count + 16)
            bytes.append(version)
            bytes.append(UInt8(truncatingIfNeeded: key.id.utf8.count))
            bytes.append(contentsOf: key.id.utf8)
            // Nonce, ciphertext and tag, one after the other; there for nonces of twelve bytes, as random ones are.
            guard let combined = box.combined else { throw DatabaseError.sealed("A value could not be sealed.") }
            combined.withUnsafeBytes { bytes.append(contentsOf: $0) }
            return SealedValue(bytes: bytes)
        } catch {
            throw .sealed("A value could not be sealed.")
        }
    }

    static func open(_ body: ArraySlice<UInt8>, _ context: [UInt8], with key: SymmetricKey) throws(DatabaseError) -> [UInt8] {
        do {
            let box = try AES.GCM.SealedBox(combined: body)
            return try AES.GCM.open(box, using: key, authenticating: context).withUnsafeBytes { Array($0) }
        } catch {
            throw .sealed("A sealed value does not belong to its place, or is damaged.")
        }
    }

    /// What every value begins with that the key of this name sealed.
    static func header(_ id: String) -> [UInt8] {
        [version, UInt8(truncatingIfNeeded: id.utf8.count)] + Array(id.utf8)
    }

    /// The name of the key that sealed a value, of which the beginning is enough; nil where it is none.
    static func keyID(_ value: SealedValue) -> String? {
        let bytes = value.bytes
        guard bytes.count >= 2, bytes[0] == version, bytes[1] > 0, bytes.count >= 2 + Int(bytes[1]) else { return nil }
        return String(decoding: bytes[2..<2 + Int(bytes[1])], as: UTF8.self)
    }

    static func parse(_ value: SealedValue) -> (id: String, body: ArraySlice<UInt8>)? {
        let bytes = value.bytes
        guard bytes.count >= 2, bytes[0] == version else { return nil }
        let start = 2 + Int(bytes[1])
        guard bytes.count >= start + 12 + 16 else { return nil }
        return (String(decoding: bytes[2..<start], as: UTF8.self), bytes[start...])
    }
}
