import Communications
import Core
import HTTPTypes
import Storage

/// The people of a business.
struct UsersAPI: Sendable {
    let database: Database
    let actions: MemberActions

    func list(_ call: Call) async throws -> Answer {
        var query = call.query
        let page = query.page()
        let after = query.id(of: page)
        try query.finish()
        let business = call.business
        let found = try await database.read { tx in try tx.members(business: business, after: after, limit: page.limit + 1) }
        let shown = Array(found.prefix(page.limit))
        let next = found.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        return .page(shown, next: next) { json, member in json.object { json in Self.write(member, &json) } }
    }

    func show(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("user_id"), call.business)
        guard let member = try await database.read({ tx in try tx.member(id, business: business) }) else { throw Refusal.notFound }
        return Self.answer(member)
    }

    /// Members that are absent keep their value.
    func change(_ call: Call) async throws -> Answer {
        let id = try call.id("user_id")
        var body = try call.fields()
        let role = body.oneOf("role", as: Role.self)
        let disabled = body.bool("disabled")
        try body.finish()
        return Self.answer(try await actions.change(id, MemberActions.Change(role: role, isDisabled: disabled), by: call))
    }

    /// The account stays, without this business.
    func remove(_ call: Call) async throws -> Answer {
        try await actions.remove(call.id("user_id"), by: call)
        return Answer(status: .noContent)
    }

    func resetPassword(_ call: Call) async throws -> Answer {
        try call.noFields()
        let delivery = try await actions.resetPassword(of: call.id("user_id"), by: call)
        return .json(.accepted) { json in json.member("delivery", delivery.rawValue) }
    }

    private static func answer(_ member: Member) -> Answer {
        .json { json in write(member, &json) }
    }

    private static func write(_ member: Member, _ json: inout JSONWriter) {
        json.member("user_id", member.id.description)
        json.member("email", member.email)
        json.member("name", member.name)
        json.member("role", member.role.rawValue)
        json.member("disabled", member.disabledAt != nil)
        json.member("two_factor", member.hasTOTP)
        json.time("last_sign_in_at", member.lastSignInAt)
        json.time("created_at", member.createdAt)
    }
}

/// Who was asked in and has not come yet.
struct InvitationsAPI: Sendable {
    let database: Database
    let actions: MemberActions

    func list(_ call: Call) async throws -> Answer {
        var query = call.query
        let page = query.page()
        let after = query.id(of: page)
        try query.finish()
        let business = call.business
        let found = try await database.read { tx in try tx.invitations(business: business, after: after, limit: page.limit + 1) }
        let shown = Array(found.prefix(page.limit))
        let next = found.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        return .page(shown, next: next) { json, invitation in json.object { json in Self.write(invitation, &json) } }
    }

    func create(_ call: Call) async throws -> Answer {
        var body = try call.fields()
        let email = body.requiredConvert("email", placeholder: "") { text throws(FieldMessage) -> String in
            if let message = EmailAddressRule.check(text) { throw FieldMessage(message) }
            return text
        }
        let role: Role = body.requiredOneOf("role", placeholder: .viewer)
        try body.finish()
        let invited = try await actions.invite(email: email, role: role, by: call)
        return .json(.created) { json in
            Self.write(invited.invitation, &json)
            json.member("delivery", invited.delivery.rawValue)
            json.member("link", invited.link)
        }
    }

    func revoke(_ call: Call) async throws -> Answer {
        try await actions.revokeInvitation(call.id("invitation_id"), by: call)
        return Answer(status: .noContent)
    }

    private static func write(_ invitation: Invitation, _ json: inout JSONWriter) {
        json.member("invitation_id", invitation.id.description)
        json.member("email", invitation.email)
        json.member("role", invitation.role.rawValue)
        json.time("created_at", invitation.createdAt)
        json.time("expires_at", invitation.expiresAt)
    }
}
