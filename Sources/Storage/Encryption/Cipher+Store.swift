import Core
import Crypto
import FoundationEssentials

extension Cipher {
    private static let business = UUIDv7(high: 0, low: 0)
    /// One row of `rapport_meta` for every key that may have sealed something that is still there.
    private static let inUse = "key_in_use:"
    private static let canary = Array("rapport".utf8)

    /// The sealed values of `rapport_meta`, of which there is one each. Their places have business 0 and the row's key.
    static let storeSecrets = ["lookup_key", "canary"]

    /// Opens the store's cipher: on the first start it makes the lookup key and a canary, later it proves that `keys` holds every key
    /// that may be needed. A key that begins to write leaves a canary of its own; only a whole rotation takes those of old keys away.
    ///
    /// - Parameter sealsContent: seals new content too (`ENCRYPT_CONTENT`).
    /// - Throws: ``DatabaseError/misconfigured(_:)`` with one line when a key is missing or wrong.
    public static func open(_ database: Database, keys: KeyRing, sealsContent: Bool = false) async throws -> Cipher {
        let lookupKey = try await database.write { tx in try Self.prove(keys, tx) }
        let cipher = Cipher(keys: keys, lookupKey: SymmetricKey(data: lookupKey), sealsContent: sealsContent)
        database.engine.ciphers.adopt(cipher)
        return cipher
    }

    /// - Returns: the lookup key.
    static func prove(_ keys: KeyRing, _ tx: Transaction) throws -> [UInt8] {
        _ = try storedSecret("canary", tx, keys) { canary }
        // Key and value together: a rotation that ends at this moment takes rows away, which must not be made anew.
        for row in try tx.run("SELECT key, value FROM rapport_meta WHERE key LIKE 'key_in_use:%' ORDER BY key") {
            _ = try secret(try row.text(0), try row.text(1), keys)
        }
        _ = try storedSecret(inUse + keys.writing.id, tx, keys) { canary }
        return try storedSecret("lookup_key", tx, keys) { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }
    }

    /// At the end of a rotation: seals the store's own secrets with the first key and forgets that others were in use.
    static func settle(_ keys: KeyRing, _ tx: Transaction) throws {
        _ = try prove(keys, tx)
        for name in storeSecrets {
            let secret = try storedSecret(name, tx, keys) { canary }
            let sealed = try seal(secret, place(name).bytes(keyID: keys.writing.id), with: keys.writing)
            try tx.run("UPDATE rapport_meta SET value = \(Base64.encode(sealed.bytes)) WHERE key = \(name)")
        }
        try tx.run("DELETE FROM rapport_meta WHERE key LIKE 'key_in_use:%' AND key <> \(inUse + keys.writing.id)")
    }

    private static func place(_ name: String) -> SealContext {
        SealContext(table: "rapport_meta", column: "value", business: business, row: name)
    }

    /// Reads a sealed secret of `rapport_meta`, or makes and stores it.
    private static func storedSecret(_ name: String, _ tx: Transaction, _ keys: KeyRing, make: () -> [UInt8]) throws -> [UInt8] {
        if let text = try tx.run("SELECT value FROM rapport_meta WHERE key = \(name)").first?.text(0) {
            return try secret(name, text, keys)
        }
        let sealed = try seal(make(), place(name).bytes(keyID: keys.writing.id), with: keys.writing)
        // Another instance may start at this moment: whoever comes first decides, and everyone gets what stands there. In one statement:
        // a third one may take the row away again.
        let rows = try tx.run(
            """
            INSERT INTO rapport_meta (key, value) VALUES (\(name), \(Base64.encode(sealed.bytes)))
            ON CONFLICT (key) DO UPDATE SET value = rapport_meta.value RETURNING value
            """)
        guard let text = try rows.first?.text(0) else { throw DatabaseError.corrupt(details: "rapport_meta \(name)") }
        return try secret(name, text, keys)
    }

    /// Opens the value of a row of `rapport_meta`.
    private static func secret(_ name: String, _ text: String, _ keys: KeyRing) throws(DatabaseError) -> [UInt8] {
        guard let bytes = Base64.decode(text), let (id, body) = parse(SealedValue(bytes: bytes)) else {
            throw .corrupt(details: "rapport_meta \(name)")
        }
        guard let key = keys.key(named: id) else {
            throw .misconfigured(
                "DB_ENCRYPTION_KEY: the key '\(id)', with which this database was written, is missing; "
                    + "put it back: only a finished `rapport keys rotate` makes it unnecessary.")
        }
        do throws(DatabaseError) {
            return try open(body, place(name).bytes(keyID: id), with: key.key)
        } catch {
            throw .misconfigured("DB_ENCRYPTION_KEY: the key '\(id)' is not the one with which this database was written.")
        }
    }
}
