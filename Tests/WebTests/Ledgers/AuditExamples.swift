import Core
import Storage
import TestSupport

@testable import Web

/// A writing call that succeeds, and what has to be so before it can.
struct AuditExample: Sendable {
    /// As ``Route/name``.
    let route: String
    /// Query, with its question mark.
    let query: String
    let body: String?
    /// Parameters of the path; others are filled with what earlier answers called by the same name.
    let parameters: [String: String]
    /// Member of the answer that later paths are filled with.
    let keeps: String?
    let contentType: String
    let prepare: (@Sendable (Transaction, BusinessID) throws -> Void)?

    init(
        _ route: String, _ parameters: [String: String] = [:], query: String = "", body: String? = nil, keeps: String? = nil,
        contentType: String = "application/json", prepare: (@Sendable (Transaction, BusinessID) throws -> Void)? = nil
    ) {
        self.route = route
        self.query = query
        self.body = body
        self.parameters = parameters
        self.keeps = keeps
        self.contentType = contentType
        self.prepare = prepare
    }

    /// Writing routes that this walk leaves out, and why.
    static let exempt: [String: String] = [
        "POST /api/crm/templates/{channel}/{name}/preview": "changes nothing",
        "POST /account/two-factor": "proposes a secret; what changes something is its confirmation",
        "POST /api/crm/webhooks/twilio/status": "a provider, believed by its signature",
        "POST /api/crm/webhooks/twilio/inbound": "a provider, believed by its signature; consent goes into the consent ledger",
        "POST /api/crm/webhooks/whatsapp": "a provider, believed by its signature; consent goes into the consent ledger",
        "POST /api/crm/webhooks/ses": "a provider, believed by its signature; consent goes into the consent ledger",
        "POST /api/crm/webhooks/sendgrid": "a provider, believed by its signature; consent goes into the consent ledger",
        "POST /api/crm/webhooks/mailgun": "a provider, believed by its signature; consent goes into the consent ledger",
        "POST /api/crm/webhooks/postmark": "a provider, believed by its password; consent goes into the consent ledger",
        "POST /u/{token}": "the client, believed by their signed link; goes into the consent ledger",
        "POST /p/{token}": "the client, believed by their signed link; goes into the consent ledger",
        "POST /p/{token}/renewal": "the client, believed by their signed link; sends them another one",
        "POST /d/{token}": "the client, believed by their signed link; goes into the consent ledger",
        "POST /sign-in": "nobody is known yet; a session's begin is an entry of its own (SignInTests)",
        "POST /sign-in/code": "as above",
        "POST /sandbox/sign-in": "as above",
        "POST /sandbox/sign-out": "the same code as /sign-out",
        "POST /invitation/{token}": "believed by the link in the invitation (InvitationTests)",
        "POST /reset": "nobody is known yet; changes nothing",
        "POST /reset/{token}": "believed by the link in the mail (ResetTests)",
        "POST /api/auth/token": "nobody is known yet",
        "POST /api/auth/revoke": "believed by the token itself",
    ]

    /// In this order: later ones build on what earlier ones left. Whoever adds a writing route adds a line.
    static let all: [AuditExample] = [
        AuditExample("PUT /api/crm/business", body: #"{"name":"Ours"}"#),
        AuditExample("PUT /api/crm/clients/{client_id}", ["client_id": "ada"], body: #"{"name":"Ada","email":"a@example.org"}"#),
        AuditExample("POST /api/crm/clients/import", body: "client_id,name\r\nbob,Bob\r\n", contentType: "text/csv"),
        AuditExample("POST /api/crm/clients/{client_id}/links/revoke", ["client_id": "ada"], body: ""),
        AuditExample("POST /api/crm/preferences", body: #"{"client_id":"ada","opt_out_sms":true}"#),
        AuditExample("DELETE /api/crm/preferences/{client_id}", ["client_id": "ada"]),
        AuditExample("PUT /api/crm/topics", body: #"{"topics":[{"name":"news","title":{"en":"News"}}]}"#),
        AuditExample(
            "POST /api/crm/consent",
            body: #"{"client_id":"ada","purpose":"marketing","channel":"email","decision":"granted","wording":"Yes, please."}"#),
        AuditExample("POST /api/crm/suppressions", body: #"{"channel":"email","address":"x@example.org"}"#, keeps: "suppression_id"),
        AuditExample("DELETE /api/crm/suppressions/{suppression_id}", body: #"{"reason":"they asked for it"}"#),
        AuditExample(
            "PUT /api/crm/message-types/{name}", ["name": "spring_offer"], body: #"{"category":"marketing","channels":["email"]}"#),
        AuditExample(
            "PUT /api/crm/templates/{channel}/{name}", ["channel": "email", "name": "spring_offer"],
            body: #"{"subject_template":"Spring","content_template":"<p>Hello</p>"}"#),
        AuditExample(
            "POST /api/crm/templates/{channel}/{name}/versions/{version}/activate",
            ["channel": "email", "name": "spring_offer", "version": "1"], body: ""),
        AuditExample(
            "POST /api/crm/communications", body: #"{"client_id":"ada","message_type":"welcome","context":{"client_name":"Ada"}}"#,
            keeps: "communication_id"),
        AuditExample("POST /api/crm/communications/{communication_id}/cancel", body: ""),
        AuditExample(
            "POST /api/crm/communications/{communication_id}/retry", body: "",
            prepare: { tx, business in
                try tx.execute("UPDATE crm_communications SET status = 'failed' WHERE business_id = \(business)")
            }),
        AuditExample(
            "POST /api/crm/communications/batch",
            body: #"{"requests":[{"client_id":"ada","message_type":"welcome"},{"client_id":"ada","message_type":"welcome"}]}"#),
        AuditExample("POST /api/crm/workflow/events", body: #"{"node":"beam_search_node","plan_id":"p","client_id":"ada"}"#),
        AuditExample("POST /api/crm/replies", body: #"{"client_id":"ada","channel":"email","text":"hm"}"#, keeps: "reply_id"),
        AuditExample("POST /api/crm/replies/{reply_id}/resolve", body: ""),
        AuditExample("PUT /api/crm/reply-patterns", body: #"{"patterns":[{"pattern":"* yes *","action":"confirm"}]}"#),
        AuditExample("PUT /api/crm/whatsapp/mappings/{message_type}", ["message_type": "reminder"], body: WhatsAppTests.mapping),
        AuditExample("DELETE /api/crm/whatsapp/mappings/{message_type}", ["message_type": "reminder"]),
        AuditExample("POST /api/crm/whatsapp/templates/sync", body: ""),
        AuditExample("POST /api/crm/webhook-endpoints", body: #"{"url":"https://example.org/in"}"#, keeps: "endpoint_id"),
        AuditExample("PUT /api/crm/webhook-endpoints/{endpoint_id}", body: #"{"url":"https://example.org/other"}"#),
        AuditExample("POST /api/crm/webhook-endpoints/{endpoint_id}/rotate-secret", body: ""),
        AuditExample("POST /api/crm/webhook-endpoints/{endpoint_id}/test", body: "", keeps: "event_id"),
        AuditExample("POST /api/crm/webhook-endpoints/{endpoint_id}/deliveries/{event_id}/retry", body: ""),
        AuditExample("POST /api/crm/webhook-endpoints/{endpoint_id}/replay", body: #"{"since":"2020-01-01T00:00:00Z"}"#),
        AuditExample("POST /api/crm/webhook-endpoints/{endpoint_id}/disable", body: ""),
        AuditExample("POST /api/crm/webhook-endpoints/{endpoint_id}/enable", body: ""),
        AuditExample("DELETE /api/crm/webhook-endpoints/{endpoint_id}"),
        AuditExample("POST /api/crm/api-keys", body: #"{"name":"till","role":"viewer"}"#, keeps: "key_id"),
        AuditExample("DELETE /api/crm/api-keys/{key_id}"),
        AuditExample("POST /api/crm/invitations", body: #"{"email":"new@example.org","role":"agent"}"#, keeps: "invitation_id"),
        AuditExample("DELETE /api/crm/invitations/{invitation_id}"),
        AuditExample("PUT /api/crm/users/{user_id}", body: #"{"role":"viewer"}"#),
        AuditExample("POST /api/crm/users/{user_id}/password-reset", body: ""),
        AuditExample("DELETE /api/crm/users/{user_id}"),
        AuditExample("POST /api/crm/operations/key-rotation", body: ""),
        AuditExample("DELETE /api/crm/clients/{client_id}", ["client_id": "ada"], query: "?after_days=3", keeps: "erasure_id"),
        AuditExample("POST /api/crm/erasures/{erasure_id}/cancel", body: ""),
        AuditExample("DELETE /api/crm/clients/{client_id}", ["client_id": "ada"]),
    ]

    var method: String { String(route.prefix { $0 != " " }) }

    /// The path with its parameters.
    func path(_ kept: [String: String]) -> String {
        var path = String(route.split(separator: " ")[1])
        for (name, value) in kept.merging(parameters, uniquingKeysWith: { $1 }) {
            path = path.replacing("{\(name)}", with: value)
        }
        return path + query
    }

    /// The path to something that does not exist.
    var nowhere: String {
        route.split(separator: " ")[1].split(separator: "/").map { $0.hasPrefix("{") ? "nobody" : String($0) }.reduce("") { $0 + "/" + $1 }
    }
}

/// A form of the pages that somebody who signed in sends.
struct AuditFormExample: Sendable {
    /// As ``Route/name``.
    let route: String
    let page: String
    /// From the names of fields to values, or to what was kept under this name.
    let fields: KeyValuePairs<String, String>

    init(_ route: String, on page: String, _ fields: KeyValuePairs<String, String> = [:]) {
        self.route = route
        self.page = page
        self.fields = fields
    }

    static let all: [AuditFormExample] = [
        // While there is another session: what follows ends it.
        AuditFormExample("POST /account/sessions/end", on: "/account"),
        AuditFormExample("POST /account/name", on: "/account", ["name": "Ruth"]),
        AuditFormExample("POST /account/two-factor/confirm", on: "/account", ["code": "{code}"]),
        AuditFormExample("POST /account/recovery-codes", on: "/account", ["password": World.password]),
        AuditFormExample("POST /account/two-factor/disable", on: "/account", ["password": World.password]),
        AuditFormExample("POST /users/invite", on: "/users", ["email": "other@example.org", "role": "agent"]),
        AuditFormExample("POST /users/invitations/revoke", on: "/users", ["invitation_id": "{invitation}"]),
        AuditFormExample("POST /users/role", on: "/users", ["user_id": "{user}", "role": "viewer"]),
        AuditFormExample("POST /users/reset", on: "/users", ["user_id": "{user}"]),
        AuditFormExample("POST /users/access", on: "/users", ["user_id": "{user}", "disabled": "true"]),
        AuditFormExample("POST /users/remove", on: "/users", ["user_id": "{user}"]),
        AuditFormExample(
            "POST /account/password", on: "/account",
            [
                "current_password": World.password, "new_password": "another horse, another staple",
                "new_password_again": "another horse, another staple",
            ]),
        AuditFormExample(
            "POST /clients/{client_id}/preferences", on: "/clients/grace",
            [
                "channel_1": "email", "timezone": "Europe/Paris", "quiet_hours_start": "22:00", "quiet_hours_end": "08:00",
                "language_preference": "fr",
            ]),
        AuditFormExample("POST /switch-business", on: "/account", ["business_id": "{business}"]),
        AuditFormExample("POST /sign-out", on: "/account"),
    ]
}
