import Core
import Hummingbird
import NIOCore

/// What Hummingbird carries along with one request.
public struct WebContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// The other end of the connection; nil without sockets.
    public let peer: SocketAddress?
    /// Stands in `X-Request-Id` and in the log; set by the frame before anything else runs.
    public var requestID = ""
    /// Where looks at clients are written down; set by the frame, too.
    var accessLog: AccessLog?
    /// Whom a trusted proxy names as the one behind it; set by the frame.
    var client: String?

    /// Whose request it is: what a trusted proxy says, else the other end of the connection.
    public var remoteAddress: String? { client ?? peer?.ipAddress }

    public init(source: Source) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress
    }
}

/// Who is asking: which business, which person or key, and what they may do there.
public struct Credential: Sendable, Hashable {
    public var business: BusinessID
    public var actor: Actor
    public var permissions: PermissionSet
    /// It stops working at this moment.
    public var expiresAt: Timestamp?

    public init(business: BusinessID, actor: Actor, permissions: PermissionSet, expiresAt: Timestamp? = nil) {
        self.business = business
        self.actor = actor
        self.permissions = permissions
        self.expiresAt = expiresAt
    }

    /// - Throws: ``Refusal/forbidden``.
    func check(_ permission: Permission) throws(Refusal) {
        guard permissions.contains(permission) else { throw .forbidden }
    }
}
