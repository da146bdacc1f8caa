import Core

/// One sign-in of a program on behalf of a person. All access and refresh tokens that came of it end together.
public struct TokenFamily: Sendable, Hashable {
    public var id: UUIDv7
    public var user: UUIDv7
    public var business: BusinessID
    /// As they had it when it began; another role ends it.
    public var role: Role
    /// The account's version when it began; another password, second factor or state ends it.
    public var credentialsVersion: Int
    /// Less than the role may; nil: what the role may.
    public var scopes: PermissionSet?
    public var createdAt: Timestamp
    /// However often it is refreshed.
    public var expiresAt: Timestamp

    /// A family ends after this long, come what may.
    public static let lifetimeSeconds: Int64 = 90 * 86_400
    /// A refresh token that nobody used for this long ends.
    public static let idleSeconds: Int64 = 14 * 86_400

    public var permissions: PermissionSet {
        guard let scopes else { return role.permissions }
        return role.permissions.intersection(scopes)
    }
}

/// What came of handing in a refresh token.
public enum RefreshOutcome: Sendable, Hashable {
    case refreshed(TokenFamily, User)
    /// Unknown, too old, or its family is over.
    case refused
    /// It had been used before: somebody has a copy. The family ended with this.
    case reused(TokenFamily)
}
