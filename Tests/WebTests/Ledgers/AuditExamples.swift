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
    let prepare: (@Sendable (Transaction, BusinessID) throws -> Void)?

    init(
        _ route: String, _ parameters: [String: String] = [:], query: String = "", body: String? = nil, keeps: String? = nil,
        prepare: (@Sendable (Transaction, BusinessID) throws -> Void)? = nil
    ) {
        self.route = route
        self.query = query
        self.body = body
        self.parameters = parameters
        self.keeps = keeps
        self.prepare = prepare
    }

    /// Writing routes that leave nothing in the audit log, and why.
    static let exempt: [String: String] = [
        "POST /api/crm/templates/{channel}/{name}/preview": "changes nothing"
    ]

    /// In this order: later ones build on what earlier ones left. Whoever adds a writing route adds a line.
    static let all: [AuditExample] = [
        AuditExample("PUT /api/crm/business", body: #"{"name":"Ours"}"#),
        AuditExample("PUT /api/crm/clients/{client_id}", ["client_id": "ada"], body: #"{"name":"Ada","email":"a@example.org"}"#),
        AuditExample("POST /api/crm/preferences", body: #"{"client_id":"ada","opt_out_sms":true}"#),
        AuditExample("DELETE /api/crm/preferences/{client_id}", ["client_id": "ada"]),
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
