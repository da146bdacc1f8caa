import Core

/// Where the keys come from.
public enum KeySource: Sendable, Hashable {
    /// The file beside a SQLite database, which is ours to write.
    case file(path: String)
    /// The operator's setting.
    case setting
}

/// Why a rotation does not begin; in words for the operator.
public struct KeyRotationRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
}

/// The keys of a running program: new ones come, old ones go.
public struct KeyKeeper: Sendable {
    public let cipher: Cipher
    public let rotation: KeyRotation
    private let source: KeySource
    private let peers: KeyPeers

    public init(database: Database, cipher: Cipher, source: KeySource) {
        self.cipher = cipher
        self.source = source
        rotation = KeyRotation(database: database, cipher: cipher)
        peers = KeyPeers(database: database, cipher: cipher)
    }

    /// Begins a rotation, or goes on with the one that is under way. It has to be driven to its end by ``KeyRotation/step()``.
    ///
    /// - Parameters:
    ///   - newKey: makes a key and writes it into the key file, unless the file has a new one already.
    ///   - droppingOldKeys: takes the old keys out of the key file at the end.
    ///   - also: runs in the transaction that begins.
    /// - Throws: ``KeyRotationRefusal`` where that can not be done.
    public func begin(
        newKey: Bool, droppingOldKeys: Bool, also: @escaping @Sendable (Transaction) throws -> Void = { _ in }
    ) async throws -> KeyRotationProgress {
        if case .setting = source, newKey || droppingOldKeys {
            throw KeyRotationRefusal(
                description: "the keys are in DB_ENCRYPTION_KEY: put the new one first there (new:…,old:…), on every instance, and start "
                    + "them again")
        }
        if newKey, cipher.keys.names.count == 1, case .file(let path) = source {
            let keys = cipher.keys.addingKey()
            // Durable before anything is sealed with it.
            try keys.replaceFile(at: path)
            cipher.adopt(keys)
        }
        let others = try await peers.othersWithout(cipher.keys.fingerprint)
        guard others == 0 else {
            throw KeyRotationRefusal(
                description: "\(others) running instance\(others == 1 ? " does" : "s do") not write with the key "
                    + "'\(cipher.keys.writing.id)' yet: give every instance the same DB_ENCRYPTION_KEY and start it again first")
        }
        return try await rotation.begin(droppingOldKeys: droppingOldKeys, also: also)
    }

    /// What remains to be done once a rotation is complete.
    public func finish(_ progress: KeyRotationProgress) throws {
        guard progress.state == .complete, progress.dropsOldKeys, progress.fingerprint == cipher.keys.fingerprint,
            cipher.keys.names.count > 1, case .file(let path) = source
        else { return }
        let keys = cipher.keys.droppingOldKeys()
        try keys.replaceFile(at: path)
        cipher.adopt(keys)
    }
}
