import Core
import Storage

/// The page of a business's people.
struct UsersView {
    var members: [Member]
    var invitations: [Invitation]
    var hasMore: Bool
    var notice: Notice?
    /// An invitation that no mail could carry, shown this once.
    var link: (email: String, url: String)?
    var mayWrite: Bool
    var viewer: Viewer?

    var html: HTML {
        let more: HTML =
            hasMore
            ? "<p class=\"more\"><a href=\"\(Path.usersPage.rawValue)?cursor=\(Cursor(members.last?.id.description ?? "").text)\">More</a></p>"
            : ""
        let empty: HTML = "<p class=\"empty\">Nobody has an account yet. Invite the first person below.</p>"
        return """
            <h1>Users</h1>
            \(notice?.html ?? "")
            \(link.map(shown) ?? "")
            \(members.isEmpty ? empty : "<ul class=\"people\">\(.joined(members.map(row)))</ul>")
            \(more)
            \(invitations.isEmpty ? "" : "<h2>Invited</h2><ul class=\"people\">\(.joined(invitations.map(row)))</ul>")
            \(mayWrite ? inviteForm : "")
            """
    }

    private func shown(_ link: (email: String, url: String)) -> HTML {
        """
        <div class="notice" role="status">
        <p><strong>E-mail is not set up on this server.</strong> Give this link to \(link.email) yourself. It is shown only now.</p>
        <p><code class="secret">\(link.url)</code></p>
        </div>
        """
    }

    private var csrf: HTML { viewer?.csrfInput ?? "" }

    private func row(_ member: Member) -> HTML {
        let name = member.name.isEmpty ? member.email : member.name
        let isDisabled = member.disabledAt != nil
        let isSelf = viewer?.user?.id == member.id
        let badges: [HTML] = [
            "<span class=\"badge\">\(member.role.title)</span>",
            isSelf ? "<span class=\"badge soft\">You</span>" : "",
            isDisabled ? "<span class=\"badge warn\">Disabled</span>" : "",
            member.hasTOTP ? "<span class=\"badge soft\">Two-factor</span>" : "",
        ]
        let seen: HTML = member.lastSignInAt.map { "Signed in \($0.html)" } ?? "Never signed in"
        return """
            <li>
            <div class="person"><strong>\(name)</strong> \(.joined(badges))
            <span class="hint">\(member.email) · \(seen)</span></div>
            \(mayWrite ? actions(member, name, isDisabled) : "")
            </li>
            """
    }

    private func actions(_ member: Member, _ name: String, _ isDisabled: Bool) -> HTML {
        let id: HTML = "\(csrf)<input type=\"hidden\" name=\"user_id\" value=\"\(member.id.description)\">"
        return """
            <details class="actions">
            <summary>Change<span class="away"> \(name)</span></summary>
            <div class="row">
            <form method="post" action="\(Path.usersPageRole.rawValue)">\(id)
            <select name="role" aria-label="Role of \(name)">\(Role.options(selected: member.role))</select>
            <button class="quiet" type="submit">Set role</button></form>
            <form method="post" action="\(Path.usersPageReset.rawValue)">\(id)<button class="quiet" type="submit">Send password link</button></form>
            <form method="post" action="\(Path.usersPageAccess.rawValue)">\(id)<input type="hidden" name="disabled" value="\(isDisabled ? "false" : "true")">
            <button class="quiet" type="submit">\(isDisabled ? "Enable" : "Disable")</button></form>
            <form method="post" action="\(Path.usersPageRemove.rawValue)">\(id)<button class="quiet danger" type="submit">Remove from this business</button></form>
            </div>
            </details>
            """
    }

    private func row(_ invitation: Invitation) -> HTML {
        let revoke: HTML = """
            <form method="post" action="\(Path.usersPageRevoke.rawValue)">\(csrf)<input type="hidden" name="invitation_id" value="\(invitation.id.description)">
            <button class="quiet" type="submit" aria-label="Revoke the invitation of \(invitation.email)">Revoke</button></form>
            """
        return """
            <li>
            <div class="person"><strong>\(invitation.email)</strong> <span class="badge">\(invitation.role.title)</span>
            <span class="hint">Until \(invitation.expiresAt.html)</span></div>
            \(mayWrite ? revoke : "")
            </li>
            """
    }

    private var inviteForm: HTML {
        """
        <section class="panel">
        <h2>Invite somebody</h2>
        <form method="post" action="\(Path.usersPageInvite.rawValue)">\(csrf)
        <div class="fields">
        <div><label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="off" required></div>
        <div><label for="role">Role</label><select id="role" name="role">\(Role.options(selected: .agent))</select></div>
        </div>
        <p class="hint">Viewers look on. Agents look after clients. Admins may do everything, also on this page.</p>
        <button type="submit">Invite</button>
        </form>
        </section>
        """
    }
}
