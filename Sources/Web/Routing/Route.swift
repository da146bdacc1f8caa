import Core
import HTTPTypes

/// One row of the ``RouteTable``.
struct Route: Sendable {
    /// Who may call, and the code that answers.
    enum Handler: Sendable {
        /// Anybody.
        case open(@Sendable (Incoming) async throws -> Answer)
        /// Whoever holds an API key.
        case key(@Sendable (Call) async throws -> Answer)
        /// As `key`, but a repeated `Idempotency-Key` gets the first answer again.
        case idempotent(@Sendable (Call) async throws -> Answer)
        /// Whoever signed in to the pages.
        case page(@Sendable (Call) async throws -> Answer)
        /// As `page`, for a form of theirs that changes something.
        case pageForm(@Sendable (Call) async throws -> Answer)
        /// A page for anybody, or a form on one, which must come from our own.
        case openPage(@Sendable (Incoming) async throws -> Answer)
    }

    let method: HTTPRequest.Method
    let path: Path
    let body: BodyRule
    let handler: Handler
    /// What the credential must be allowed; nil where there is none.
    let permission: Permission?

    /// Whether callers without a credential are counted by their address. Not where monitors and providers call at a pace of their own,
    /// nor behind the signed links that mailbox providers open for many people from few addresses.
    var countsStrangers: Bool {
        if case .raw = body { return false }
        return !Self.uncounted.contains { path.rawValue.hasPrefix($0) }
    }

    private static let uncounted = ["/healthz", "/readyz", "/metrics", "/assets/", "/o/", "/c/", "/u/"]

    /// Names the operation in idempotency records: `PUT /api/crm/clients/{client_id}`.
    var name: String { "\(method.rawValue) \(path.rawValue)" }
}

/// What a route accepts as body.
enum BodyRule: Sendable, Hashable {
    /// Not read at all.
    case none
    /// JSON of at most this many bytes.
    case json(limit: Int)
    /// JSON, or nothing.
    case optionalJSON(limit: Int)
    /// An HTML form.
    case form(limit: Int)
    /// Whatever it is, byte for byte: what a signature is computed over.
    case raw(limit: Int)

    /// Every body without attachments: 1 MiB.
    static let ordinary = BodyRule.json(limit: 1 << 20)
    /// Nothing, or what every body may be.
    static let optional = BodyRule.optionalJSON(limit: 1 << 20)
    /// Where attachments are allowed: 26 MiB.
    static let withAttachments = BodyRule.json(limit: 26 << 20)

    var limit: Int {
        switch self {
        case .none: 0
        case .json(let limit), .optionalJSON(let limit), .form(let limit), .raw(let limit): limit
        }
    }
}
