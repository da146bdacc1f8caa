import Communications
import Core
import Storage

/// What admins do with the people of their business; the same from the pages and from the API.
struct MemberActions: Sendable {
    /// An invitation that was made, and what became of its letter.
    struct Invited: Sendable {
        var invitation: Invitation
        var delivery: StaffMail.Outcome
        /// Only where no letter can leave this server: to be shown once, and handed on by whoever invited.
        var link: String?
    }

    /// What is to be different of a member.
    struct Change: Sendable {
        var role: Role?
        var isDisabled: Bool?
    }

    let database: Database
    let mail: StaffMail
    let resets: PasswordResets
    let baseURL: String

    /// - Throws: ``Refusal/conflict(_:)`` where they belong to the business already.
    func invite(email: String, role: Role, by call: Call) async throws -> Invited {
        try Self.checkReach(of: role, call)
        let token = AccountToken()
        let entry = call.audit("invitation.create", details: Self.details { $0.member("role", role.rawValue) })
        let made = try await database.write { tx -> (Invitation, String)? in
            guard let invitation = try tx.createInvitation(email: email, role: role, business: call.business, token: token) else {
                return nil
            }
            var entry = entry
            entry.target = invitation.id.description
            try tx.audit(entry, business: call.business)
            return (invitation, try tx.business(call.business)?.name ?? "")
        }
        guard let (invitation, business) = made else { throw Refusal.conflict("This person belongs to the business already.") }
        let url = baseURL + Path.invitationPage.rawValue.replacing("{token}", with: token.text)
        let letter = StaffLetter.invitation(business: business, role: role, url: url, days: Int(Invitation.lifetimeSeconds / 86_400))
        let delivery = await mail.send(letter, to: email)
        return Invited(invitation: invitation, delivery: delivery, link: delivery == .sandbox ? url : nil)
    }

    func revokeInvitation(_ id: UUIDv7, by call: Call) async throws {
        let revoked = try await database.write { tx in
            guard try tx.revokeInvitation(id, business: call.business) else { return false }
            try tx.audit(call.audit("invitation.revoke", target: id.description), business: call.business)
            return true
        }
        guard revoked else { throw Refusal.notFound }
    }

    /// All or nothing; their sessions at this business end.
    func change(_ user: UUIDv7, _ change: Change, by call: Call) async throws -> Member {
        if let role = change.role { try Self.checkReach(of: role, call) }
        return try await database.write { tx in
            if let role = change.role, try Self.took(tx.changeRole(role, of: user, business: call.business)) {
                let details = Self.details { $0.member("role", role.rawValue) }
                try tx.audit(call.audit("user.role", target: user.description, details: details), business: call.business)
            }
            if let disabled = change.isDisabled, try Self.took(tx.setMembership(of: user, business: call.business, disabled: disabled)) {
                let action = disabled ? "user.disable" : "user.enable"
                try tx.audit(call.audit(action, target: user.description), business: call.business)
            }
            guard let member = try tx.member(user, business: call.business) else { throw Refusal.notFound }
            return member
        }
    }

    func remove(_ user: UUIDv7, by call: Call) async throws {
        try await database.write { tx in
            guard try Self.took(tx.removeMembership(of: user, business: call.business)) else { return }
            try tx.audit(call.audit("user.remove", target: user.description), business: call.business)
        }
    }

    /// Sends them a link to set another password.
    func resetPassword(of user: UUIDv7, by call: Call) async throws -> StaffMail.Outcome {
        let found = try await database.read { tx in try tx.member(user, business: call.business) == nil ? nil : tx.user(user) }
        guard let found else { throw Refusal.notFound }
        guard found.disabledAt == nil else { throw Refusal.conflict("This account is disabled.") }
        return try await resets.send(to: found, by: call)
    }

    /// Nobody makes another more than they are themselves: a key may hold less than its role.
    private static func checkReach(of role: Role, _ call: Call) throws(Refusal) {
        guard role.permissions.isSubset(of: call.credential.permissions) else { throw .forbidden }
    }

    /// Whether something changed.
    private static func took(_ change: MembershipChange) throws(Refusal) -> Bool {
        switch change {
        case .changed: return true
        case .unchanged: return false
        case .notFound: throw .notFound
        case .lastAdmin: throw .conflict("The business would be left without an admin.")
        }
    }

    private static func details(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object(write)
        return json.bytes
    }
}
