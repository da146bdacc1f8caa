/// What a credential may do inside its business; also the scopes of API keys and access tokens, by raw value.
public enum Permission: String, Sendable, Hashable, CaseIterable {
    case readCommunications = "communications:read"
    case writeCommunications = "communications:write"
    case readClients = "clients:read"
    case writeClients = "clients:write"
    /// Everything at once that is held on a person.
    case exportClients = "clients:export"
    case eraseClients = "clients:erase"
    case readPreferences = "preferences:read"
    case writePreferences = "preferences:write"
    case readReplies = "replies:read"
    case writeReplies = "replies:write"
    /// Templates, message types, topics, reply patterns, WhatsApp mappings.
    case readTemplates = "templates:read"
    case writeTemplates = "templates:write"
    /// The business's profile.
    case readSettings = "settings:read"
    case writeSettings = "settings:write"
    /// Endpoints for outgoing events with their secrets.
    case readWebhooks = "webhooks:read"
    case writeWebhooks = "webhooks:write"
    case readSuppressions = "suppressions:read"
    case writeSuppressions = "suppressions:write"
    /// Takes an address off the suppression list.
    case overrideSuppressions = "suppressions:override"
    /// Audit log, consent ledger, access log.
    case readAudit = "audit:read"
    case readAccounts = "accounts:read"
    /// People, invitations, API keys.
    case writeAccounts = "accounts:write"
    case readOperations = "operations:read"
    /// Encryption keys.
    case writeOperations = "operations:write"
}

/// A set of permissions in one word.
public struct PermissionSet: Sendable, Hashable {
    private var bits: UInt32

    public init(_ permissions: some Sequence<Permission> = []) {
        bits = permissions.reduce(0) { $0 | Self.bit($1) }
    }

    public static let all = PermissionSet(Permission.allCases)

    public func contains(_ permission: Permission) -> Bool { bits & Self.bit(permission) != 0 }
    public func intersection(_ other: PermissionSet) -> PermissionSet { PermissionSet(bits: bits & other.bits) }
    public func isSubset(of other: PermissionSet) -> Bool { bits & other.bits == bits }
    public func subtracting(_ other: PermissionSet) -> PermissionSet { PermissionSet(bits: bits & ~other.bits) }
    public var isEmpty: Bool { bits == 0 }
    /// Raw values with spaces between them, in the order of declaration, as `scope` is written (RFC 6749, section 3.3).
    public var text: String { permissions.map(\.rawValue).joined(separator: " ") }

    /// Reads ``text``. Names that this release does not know grant nothing.
    public init(text: String) {
        self.init(text.split(separator: " ").compactMap { Permission(rawValue: String($0)) })
    }

    /// In the order of declaration.
    public var permissions: [Permission] { Permission.allCases.filter(contains) }

    private init(bits: UInt32) {
        self.bits = bits
    }

    private static func bit(_ permission: Permission) -> UInt32 {
        // Found always: every case is in allCases; there are fewer than 32.
        1 << UInt32(Permission.allCases.firstIndex(of: permission) ?? 31)
    }
}

/// What a person or a key is to a business.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// May do everything.
    case admin
    /// Looks after clients: writes to them, keeps their records and preferences, answers replies.
    case agent
    /// Looks on.
    case viewer

    public var permissions: PermissionSet {
        switch self {
        case .admin: .all
        case .agent: Self.agentPermissions
        case .viewer: Self.viewerPermissions
        }
    }

    private static let viewerPermissions = PermissionSet([
        .readCommunications, .readClients, .readPreferences, .readReplies, .readTemplates, .readSettings, .readSuppressions,
    ])
    private static let agentPermissions = PermissionSet(
        viewerPermissions.permissions + [
            .writeCommunications, .writeClients, .writePreferences, .writeReplies, .writeSuppressions, .exportClients,
        ])
}
