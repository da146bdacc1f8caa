import Core
import Crypto
import Storage

/// Who looks at a page: their session, what they may do, and what the page's frame shows of them.
public struct Viewer: Sendable {
    /// A business that they can change to.
    public struct Place: Sendable, Hashable {
        public var id: BusinessID
        public var name: String
    }

    public var session: Session
    public var credential: Credential
    /// Where they are signed in.
    public var place: Place
    /// Every business that they may change to, this one included.
    public var places: [Place]
    /// Stands in every form of their pages.
    public var csrfToken: String

    /// The account; nil for the holder of an API key.
    public var user: User? {
        if case .user(let user, _) = session.holder { user } else { nil }
    }

    /// A function of the session's token that says nothing of it, so that nothing needs to be stored.
    static func csrfToken(of token: some StringProtocol) -> String {
        let key = SymmetricKey(data: Array(token.utf8))
        return Base64.encode(url: HMAC<SHA256>.authenticationCode(for: Array("csrf".utf8), using: key).withUnsafeBytes { Array($0) })
    }
}
