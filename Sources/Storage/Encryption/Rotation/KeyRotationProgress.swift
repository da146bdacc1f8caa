import Core

/// How far a key rotation is; kept in `rapport_meta`, so that whoever starts next goes on where it stood.
public struct KeyRotationProgress: Sendable, Hashable {
    /// How far a rotation is.
    public enum State: String, Sendable, Hashable {
        case running
        /// The last pass over everything found no value under another key.
        case complete
        /// Some values could not be opened, or somebody goes on writing with another key.
        case incomplete
    }

    /// The key that everything is sealed with in the end.
    public var keyID: String
    /// ``KeyRing/fingerprint`` of it.
    public var fingerprint: String
    public var state = State.running
    /// From 1; each goes over every sealed column. The last one proves that nothing is left.
    public var pass = 1
    /// The column that is being read; nil before the first.
    public var column: String?
    /// The keys of the last row that was looked at.
    public var position: [String] = []
    /// Rows that the running pass has looked at.
    public var examined: Int64 = 0
    /// Values that were sealed anew, over all passes.
    public var moved: Int64 = 0
    /// Of these, in the running pass.
    public var movedInPass: Int64 = 0
    /// Values that the running pass could not open.
    public var unreadable: Int64 = 0
    /// Table, column and key of the first of them that this process met. Not stored: a key may be a person's name.
    public var firstUnreadable: String?
    /// The key file is to keep the first key alone once this is complete.
    public var dropsOldKeys = false
    public var startedAt: Timestamp
    public var updatedAt: Timestamp
}

extension KeyRotationProgress {
    static let metaKey = "key_rotation"

    var text: String {
        var json = JSONWriter()
        json.object { json in
            json.member("key", keyID)
            json.member("fingerprint", fingerprint)
            json.member("state", state.rawValue)
            json.member("pass", pass)
            json.member("column", column)
            json.member("position", position)
            json.member("examined", examined)
            json.member("moved", moved)
            json.member("moved_in_pass", movedInPass)
            json.member("unreadable", unreadable)
            json.member("drops_old_keys", dropsOldKeys)
            json.member("started_at", startedAt.milliseconds)
            json.member("updated_at", updatedAt.milliseconds)
        }
        return json.text
    }

    /// Nil for what this release did not write.
    init?(text: String) {
        guard let root = try? JSONDocument(parsing: Array(text.utf8)).root, let key = root["key"]?.string,
            let fingerprint = root["fingerprint"]?.string, let state = root["state"]?.string.flatMap(State.init(rawValue:)),
            let startedAt = root["started_at"]?.int64, let updatedAt = root["updated_at"]?.int64
        else { return nil }
        self.init(
            keyID: key, fingerprint: fingerprint, startedAt: Timestamp(milliseconds: startedAt),
            updatedAt: Timestamp(milliseconds: updatedAt))
        self.state = state
        pass = Int(root["pass"]?.int64 ?? 1)
        column = root["column"]?.string
        position = root["position"]?.elements.compactMap(\.string) ?? []
        examined = root["examined"]?.int64 ?? 0
        moved = root["moved"]?.int64 ?? 0
        movedInPass = root["moved_in_pass"]?.int64 ?? 0
        unreadable = root["unreadable"]?.int64 ?? 0
        dropsOldKeys = root["drops_old_keys"]?.bool ?? false
    }
}

extension Transaction {
    /// The rotation that runs, or the last one.
    public func keyRotation() throws -> KeyRotationProgress? {
        try keyRotationText().flatMap(KeyRotationProgress.init(text:))
    }

    func keyRotationText() throws -> String? {
        try run("SELECT value FROM rapport_meta WHERE key = \(KeyRotationProgress.metaKey)").first?.text(0)
    }

    /// Stores `progress` where `expected` stands still.
    ///
    /// - Returns: false when somebody else's stands there.
    func store(_ progress: KeyRotationProgress, inPlaceOf expected: String?) throws -> Bool {
        guard let expected else {
            return try execute(
                """
                INSERT INTO rapport_meta (key, value) VALUES (\(KeyRotationProgress.metaKey), \(progress.text))
                ON CONFLICT (key) DO NOTHING
                """) > 0
        }
        return try execute(
            """
            UPDATE rapport_meta SET value = \(progress.text)
            WHERE key = \(KeyRotationProgress.metaKey) AND value = \(expected)
            """) > 0
    }
}
