import Core
import Crypto

/// The text of an API key, on its way to the one who will hold it. Only its hash is ever stored.
public struct APIKeySecret: Sendable {
    /// What the caller sends after `Bearer`.
    public let text: String

    /// A key that someone chose; nil when it is shorter than ``minimumLength`` or not visible ASCII.
    public init?(chosen text: String) {
        guard text.utf8.count >= Self.minimumLength, text.utf8.count <= 512, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        self.text = text
    }

    /// A new key: `rk_` and 256 random bits in base64url.
    public init(using generator: inout some RandomNumberGenerator) {
        var text = "rk_"
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        for _ in 0..<43 {
            text.append(alphabet[Int.random(in: 0..<64, using: &generator)])
        }
        self.text = text
    }

    /// A new key from the system's random numbers.
    public init() {
        var generator = SystemRandomNumberGenerator()
        self.init(using: &generator)
    }

    /// Shorter keys are refused: they might be guessed.
    public static let minimumLength = 32

    /// What is stored and looked up. A key has 256 random bits, so a plain SHA-256 can not be reversed by guessing.
    public static func hash(_ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }

    public var hash: [UInt8] { Self.hash(text) }

    /// The last four characters, by which people tell their keys apart.
    public var hint: String { "…" + text.suffix(4) }
}

/// An API key as it is kept.
public struct APIKey: Sendable, Hashable {
    public var id: UUIDv7
    public var business: BusinessID
    public var name: String
    public var role: Role
    /// The end of the key, for people.
    public var hint: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp?
    public var revokedAt: Timestamp?
}

/// API keys.
extension Transaction {
    /// Stores a new key by its hash.
    public func createAPIKey(
        business: BusinessID, name: String, secret: APIKeySecret, role: Role = .admin, expiresAt: Timestamp? = nil
    ) throws -> APIKey {
        let key = APIKey(
            id: UUIDv7(at: now), business: business, name: name, role: role, hint: secret.hint, createdAt: now, expiresAt: expiresAt,
            revokedAt: nil)
        try execute(
            """
            INSERT INTO crm_api_keys (key_id, business_id, name, role, key_hash, hint, created_at, expires_at)
            VALUES (\(key.id), \(business), \(name), \(role.rawValue), \(secret.hash), \(key.hint), \(now), \(expiresAt))
            """)
        return key
    }

    /// All keys of a business, also revoked and expired ones, oldest first.
    public func apiKeys(business: BusinessID) throws -> [APIKey] {
        try run(
            """
            SELECT key_id, business_id, name, role, hint, created_at, expires_at, revoked_at
            FROM crm_api_keys
            WHERE business_id = \(business)
            ORDER BY created_at, key_id
            """
        ).map(APIKey.init(row:))
    }

    /// The key with this hash that is valid now; revoked and expired ones are as good as unknown.
    public func validAPIKey(hash: [UInt8]) throws -> APIKey? {
        try run(
            """
            SELECT key_id, business_id, name, role, hint, created_at, expires_at, revoked_at
            FROM crm_api_keys
            WHERE key_hash = \(hash) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > \(now))
            """
        ).first.map(APIKey.init(row:))
    }

    /// Ends a key's validity. False: no such key, or it was revoked before.
    public func revokeAPIKey(_ id: UUIDv7, business: BusinessID) throws -> Bool {
        try execute(
            "UPDATE crm_api_keys SET revoked_at = \(now) WHERE key_id = \(id) AND business_id = \(business) AND revoked_at IS NULL") > 0
    }
}

extension APIKey {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.uuid(0), business: try row.uuid(1), name: try row.text(2), role: try row.oneOf(3, as: Role.self),
            hint: try row.text(4), createdAt: try row.time(5), expiresAt: try row.timeOrNil(6), revokedAt: try row.timeOrNil(7))
    }
}
