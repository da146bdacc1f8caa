import Core
import Crypto
import FoundationEssentials

extension Cipher {
    private static let business = UUIDv7(high: 0, low: 0)

    /// Opens the store's cipher: on the first start it makes the lookup key and a canary, later it proves that `keys`
    /// holds the key they were sealed with. After a rotation both are sealed anew with the first key.
    ///
    /// - Throws: ``DatabaseError/misconfigured(_:)`` with one line when the key is missing or wrong.
    public static func open(_ database: Database, keys: KeyRing) async throws -> Cipher {
        let lookupKey = try await database.write { tx in try Self.secrets(tx, keys) }
        let cipher = Cipher(keys: keys, lookupKey: SymmetricKey(data: lookupKey))
        database.engine.ciphers.adopt(cipher)
        return cipher
    }

    /// The sealed values of `rapport_meta`. Their places have business 0 and the row's key.
    static let storeSecrets = ["lookup_key", "canary"]

    /// Opens the store's own secrets, or makes them, and seals them with the first key where another one did.
    ///
    /// - Returns: the lookup key.
    static func secrets(_ tx: Transaction, _ keys: KeyRing) throws -> [UInt8] {
        _ = try storedSecret("canary", tx, keys) { Array("rapport".utf8) }
        return try storedSecret("lookup_key", tx, keys) { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }
    }

    /// Reads a sealed secret of `rapport_meta`, or makes and stores it.
    private static func storedSecret(_ name: String, _ tx: Transaction, _ keys: KeyRing, make: () -> [UInt8]) throws -> [UInt8] {
        let first = keys.writing
        let place = SealContext(table: "rapport_meta", column: "value", business: business, row: name)
        func stored() throws(DatabaseError) -> String? {
            try tx.run("SELECT value FROM rapport_meta WHERE key = \(name)").first?.text(0)
        }
        if try stored() == nil {
            let sealed = try seal(make(), place.bytes(keyID: first.id), with: first)
            // Another instance may start at this moment: whoever comes first decides, everyone reads what stands there.
            try tx.run(
                "INSERT INTO rapport_meta (key, value) VALUES (\(name), \(Base64.encode(sealed.bytes))) ON CONFLICT (key) DO NOTHING")
        }
        guard let text = try stored(), let bytes = Base64.decode(text), let (id, body) = parse(SealedValue(bytes: bytes)) else {
            throw DatabaseError.corrupt(details: "rapport_meta \(name)")
        }
        guard let key = keys.key(named: id) else {
            throw DatabaseError.misconfigured("DB_ENCRYPTION_KEY: the key '\(id)', with which this database was written, is missing.")
        }
        let secret: [UInt8]
        do throws(DatabaseError) {
            secret = try open(body, place.bytes(keyID: id), with: key.key)
        } catch {
            throw DatabaseError.misconfigured("DB_ENCRYPTION_KEY: the key '\(id)' is not the one with which this database was written.")
        }
        if id != first.id {
            let sealed = try seal(secret, place.bytes(keyID: first.id), with: first)
            try tx.run("UPDATE rapport_meta SET value = \(Base64.encode(sealed.bytes)) WHERE key = \(name)")
        }
        return secret
    }
}
