import Core
import Hummingbird

/// What Hummingbird carries along with one request.
public struct WebContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Stands in `X-Request-Id` and in the log; set by the frame before anything else runs.
    public var requestID = ""

    public init(source: Source) {
        coreContext = .init(source: source)
    }
}

/// Who is asking: which business, by which key.
public struct Credential: Sendable, Hashable {
    public var business: BusinessID
    public var keyID: UUIDv7
    public var role: String
    /// The key stops working at this moment.
    public var expiresAt: Timestamp?

    public init(business: BusinessID, keyID: UUIDv7, role: String, expiresAt: Timestamp? = nil) {
        self.business = business
        self.keyID = keyID
        self.role = role
        self.expiresAt = expiresAt
    }
}
