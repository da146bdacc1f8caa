import Core
import HTTPTypes
import Storage

/// Who somebody is here whom another provider vouches for.
struct OIDCSignIn: Sendable {
    enum Outcome: Sendable, Hashable {
        case person(User, BusinessID)
        /// The account has a second factor of its own.
        case codeRequired(User)
        /// Nobody here has this account or this address, or the provider did not check it.
        case unknown
        /// The account is disabled, or belongs to no business.
        case refused
    }

    let database: Database
    let issuer: String

    /// Links on the first time: to the account with the verified address, or to a new one for whoever is invited under it. Nobody gets more
    /// than a business gave them, and nobody becomes an admin this way: such an invitation needs its own link.
    func resolve(_ identity: OIDCIdentity, _ incoming: Incoming) async throws -> Outcome {
        try await database.write { tx in
            guard let user = try tx.user(issuer: issuer, subject: identity.subject) ?? firstTime(identity, tx, incoming) else {
                return .unknown
            }
            let places = try tx.memberships(of: user.id).filter { $0.disabledAt == nil }
            guard user.disabledAt == nil, let place = places.first(where: { $0.business == user.lastBusiness }) ?? places.first else {
                return .refused
            }
            return user.hasTOTP ? .codeRequired(user) : .person(user, place.business)
        }
    }

    private func firstTime(_ identity: OIDCIdentity, _ tx: Transaction, _ incoming: Incoming) throws -> User? {
        guard identity.isEmailVerified, let email = identity.email else { return nil }
        let user: User
        if let known = try tx.user(email: email) {
            // A disabled account is not worth a link.
            guard known.disabledAt == nil else { return known }
            user = known
        } else {
            let invitations = try tx.invitations(email: email).filter { $0.role != .admin }
            guard !invitations.isEmpty else { return nil }
            let name = identity.name ?? String(email.prefix { $0 != "@" })
            user = try tx.createUser(email: email, name: name, passwordHash: nil)
            for invitation in invitations { _ = try tx.accept(invitation, as: user, incoming) }
        }
        try tx.linkOIDC(issuer: issuer, subject: identity.subject, to: user.id)
        for membership in try tx.memberships(of: user.id) {
            let entry = AuditEntry(
                actor: user.actor, action: "user.link_oidc", target: user.id.description, remoteAddress: incoming.remoteAddress,
                requestID: incoming.requestID)
            try tx.audit(entry, business: membership.business)
        }
        return user
    }
}
