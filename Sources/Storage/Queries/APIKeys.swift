import Core

/// An API key as it is kept.
public struct APIKey: Sendable, Hashable {
    public var id: UUIDv7
    public var business: BusinessID
    public var name: String
    /// Says what the key may do where ``scopes`` do not.
    public var role: Role
    /// Exactly what the key may do; nil: what its role may.
    public var scopes: PermissionSet?
    /// The end of the key, for people.
    public var hint: String
    /// Who made it, `user:…` or `key:…`; nil for keys of the first releases.
    public var createdBy: String?
    public var createdAt: Timestamp
    public var expiresAt: Timestamp?
    public var revokedAt: Timestamp?
    /// To the minute.
    public var lastUsedAt: Timestamp?

    public var permissions: PermissionSet { scopes ?? role.permissions }
}

/// API keys.
extension Transaction {
    /// Stores a new key by its hash.
    ///
    /// - Parameter scopes: what the key may do, in place of what the role may.
    public func createAPIKey(
        business: BusinessID, name: String, secret: APIKeySecret, role: Role = .admin, scopes: PermissionSet? = nil,
        expiresAt: Timestamp? = nil, createdBy: Actor? = nil
    ) throws -> APIKey {
        // A role beside scopes means nothing; should anything ever read it alone, it must be the least.
        let role = scopes == nil ? role : .viewer
        let key = APIKey(
            id: UUIDv7(at: now), business: business, name: name, role: role, scopes: scopes, hint: secret.hint,
            createdBy: createdBy.map { "\($0.kind.rawValue):\($0.id)" }, createdAt: now, expiresAt: expiresAt)
        try execute(
            """
            INSERT INTO crm_api_keys (key_id, business_id, name, role, scopes, key_hash, hint, created_by, created_at, expires_at)
            VALUES (\(key.id), \(business), \(name), \(role.rawValue), \(scopes?.text), \(secret.hash), \(key.hint),
                \(key.createdBy), \(now), \(expiresAt))
            """)
        return key
    }

    /// All keys of a business, also revoked and expired ones, oldest first.
    public func apiKeys(business: BusinessID) throws -> [APIKey] {
        try run("\(APIKey.selection) WHERE business_id = \(business) ORDER BY created_at, key_id").map(APIKey.init(row:))
    }

    /// One page of a business's keys, also revoked and expired ones, newest first.
    public func apiKeys(business: BusinessID, after: UUIDv7?, limit: Int) throws -> [APIKey] {
        let place: SQL = after.map { "key_id < \($0)" } ?? "TRUE"
        return try run(
            "\(APIKey.selection) WHERE business_id = \(business) AND \(place) ORDER BY key_id DESC LIMIT \(limit)"
        ).map(APIKey.init(row:))
    }

    /// Nil when the business has no such key.
    public func apiKey(_ id: UUIDv7, business: BusinessID) throws -> APIKey? {
        try run("\(APIKey.selection) WHERE key_id = \(id) AND business_id = \(business)").first.map(APIKey.init(row:))
    }

    /// The key with this hash that is valid now; revoked and expired ones are as good as unknown.
    public func validAPIKey(hash: [UInt8]) throws -> APIKey? {
        try run(
            """
            \(APIKey.selection)
            WHERE key_hash = \(hash) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > \(now))
            """
        ).first.map(APIKey.init(row:))
    }

    /// Ends a key's validity, in every process of this store as soon as it is durable. False: no such key, or it was revoked before.
    public func revokeAPIKey(_ id: UUIDv7, business: BusinessID) throws -> Bool {
        let changed = try execute(
            "UPDATE crm_api_keys SET revoked_at = \(now) WHERE key_id = \(id) AND business_id = \(business) AND revoked_at IS NULL")
        guard changed > 0 else { return false }
        try tellPeers(.keys)
        return true
    }

    /// Notes when keys were used last; one that was noted less than a minute before keeps what stands there.
    public func noteUse(ofAPIKeys uses: [UUIDv7: Timestamp]) throws {
        // In one order everywhere, so that two instances never wait for each other.
        for (id, time) in uses.sorted(by: { $0.key < $1.key }) {
            try execute(
                """
                UPDATE crm_api_keys SET last_used_at = \(time)
                WHERE key_id = \(id) AND (last_used_at IS NULL OR last_used_at <= \(time.adding(seconds: -60)))
                """)
        }
    }
}

extension APIKey {
    fileprivate static let selection: SQL = """
        SELECT key_id, business_id, name, role, scopes, hint, created_by, created_at, expires_at, revoked_at, last_used_at
        FROM crm_api_keys
        """

    fileprivate init(row: Row) throws {
        self.init(
            id: try row.uuid(0), business: try row.uuid(1), name: try row.text(2), role: try row.oneOf(3, as: Role.self),
            scopes: try row.textOrNil(4).map { PermissionSet(text: $0) }, hint: try row.text(5), createdBy: try row.textOrNil(6),
            createdAt: try row.time(7), expiresAt: try row.timeOrNil(8), revokedAt: try row.timeOrNil(9), lastUsedAt: try row.timeOrNil(10))
    }
}
