import Core

/// Somebody who signed in to the pages, at one business.
public struct Session: Sendable, Hashable {
    /// With what they signed in.
    public enum Holder: Sendable, Hashable {
        case user(User, Role)
        /// The SHA-256 of an API key.
        case key([UInt8])
    }

    /// A session ends after this long without a request.
    public static let idleSeconds: Int64 = 12 * 3_600
    /// A session ends after this long, whatever happens.
    public static let lifetimeSeconds: Int64 = 14 * 86_400

    public var id: UUIDv7
    public var business: BusinessID
    public var holder: Holder
    public var createdAt: Timestamp
    public var lastSeenAt: Timestamp
    public var expiresAt: Timestamp
}

/// A session in the list that a person sees of their own.
public struct SessionSummary: Sendable, Hashable {
    public var id: UUIDv7
    public var business: BusinessID
    public var remoteAddress: String?
    public var userAgent: String?
    public var createdAt: Timestamp
    public var lastSeenAt: Timestamp
}

/// From where somebody signs in: for the list of their sessions.
public struct SessionOrigin: Sendable, Hashable {
    public var remoteAddress: String?
    public var userAgent: String?

    /// - Parameter userAgent: what the browser says it is; cut to 200 characters.
    public init(remoteAddress: String? = nil, userAgent: String? = nil) {
        self.remoteAddress = remoteAddress
        self.userAgent = userAgent.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(200).filter { $0.value >= 0x20 })) }
    }
}
