import Core

/// A person with an account. The account is their own; what a business decides is their ``Membership``.
public struct User: Sendable, Hashable {
    public var id: UUIDv7
    public var email: String
    public var name: String
    /// Nil: they can not sign in with a password.
    public var passwordHash: PasswordHash?
    /// The second factor: whether it is asked for.
    public var hasTOTP: Bool
    /// Goes up with every change that ends sessions and tokens: another password, another second factor.
    public var credentialsVersion: Int
    /// Where they were last.
    public var lastBusiness: BusinessID?
    public var lastSignInAt: Timestamp?
    /// By the operator, everywhere; a business disables its membership.
    public var disabledAt: Timestamp?
    public var createdAt: Timestamp

    /// As the audit log names them.
    public var actor: Actor { Actor(.user, id: id.description, name: email) }
}

/// What a person is to a business.
public struct Membership: Sendable, Hashable {
    public var business: BusinessID
    public var user: UUIDv7
    public var role: Role
    /// Neither signs in there nor counts as its admin.
    public var disabledAt: Timestamp?
    public var createdAt: Timestamp
}

/// A person as their business sees them.
public struct Member: Sendable, Hashable {
    public var id: UUIDv7
    public var email: String
    public var name: String
    public var role: Role
    public var hasTOTP: Bool
    /// By the business or by the operator.
    public var disabledAt: Timestamp?
    public var lastSignInAt: Timestamp?
    public var createdAt: Timestamp
}

extension SealContext {
    /// Accounts belong to no business.
    static let nobody = UUIDv7(high: 0, low: 0)

    /// An account's e-mail address.
    public static func userEmail(_ user: UUIDv7) -> SealContext {
        SealContext(table: "crm_users", column: "email", business: nobody, row: user.description)
    }

    /// The name of the person with the account.
    public static func userName(_ user: UUIDv7) -> SealContext {
        SealContext(table: "crm_users", column: "name", business: nobody, row: user.description)
    }

    /// The key of an account's one-time codes.
    public static func userTOTPSecret(_ user: UUIDv7) -> SealContext {
        SealContext(table: "crm_users", column: "totp_secret", business: nobody, row: user.description)
    }

    /// Whom a business invited.
    public static func invitationEmail(_ business: BusinessID, _ invitation: UUIDv7) -> SealContext {
        SealContext(table: "crm_invitations", column: "email", business: business, row: invitation.description)
    }
}

extension Cipher {
    /// Under which an account is found by its e-mail address; the same in all businesses.
    public func userEmailHash(_ email: String) -> [UInt8] {
        authenticationCode(of: ClientAddress.normalised(email: email).utf8, purpose: "user email")
    }
}
