import Communications
import Core
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

/// A client of a business with what their browser does.
struct PublicVisitor: Sendable {
    let world: World
    let api: API
    let tenant: World.Tenant
    let id: ClientID

    /// Makes the client's record through the API.
    init(
        _ world: World, _ api: API, _ id: String = "ada", at tenant: World.Tenant? = nil,
        record: String = #"{"name":"Ada","email":"ada@example.org","phone_number":"+14155550100","timezone":"Europe/Berlin"}"#
    ) async throws {
        self.world = world
        self.tenant = tenant ?? world.here
        self.id = try #require(ClientID(id))
        self.api = api.with(key: nil)
        let reply = try await api.with(key: self.tenant.key).put("/api/crm/clients/\(id)", record)
        #expect(reply.status == 201 || reply.status == 200, "\(reply.text)")
    }

    var links: LinkIssuer { world.parts.links }

    var preferences: PublicLink {
        links.preferences(of: id, business: tenant.id, issuedAt: world.clock.now)
    }

    func unsubscribe(_ channel: Core.Channel = .email) -> PublicLink {
        links.unsubscribe(
            id, business: tenant.id, from: channel, communication: UUIDv7(at: world.clock.now), issuedAt: world.clock.now)
    }

    func path(_ link: PublicLink) -> String { "/\(link.purpose.rawValue)/\(links.signer.token(link))" }

    var form: API { api.with("Content-Type", "application/x-www-form-urlencoded") }

    /// What the page's own form sends, with some fields changed; nil leaves one out.
    func fields(_ changes: [String: String?] = [:]) -> String {
        var fields: [String: String] = [
            "first": "email", "second": "", "third": "", "timezone": "Europe/Berlin", "quiet_start": "22:00", "quiet_end": "08:00",
            "language": "en", "marketing_email": "1", "marketing_sms": "1", "marketing_whatsapp": "1",
            "shown_marketing": "email,sms,whatsapp", "shown_stops": "", "complete": "1",
        ]
        for (name, value) in changes { fields[name] = value }
        return fields.map { "\($0.key)=\($0.value.replacing("/", with: "%2F").replacing("&", with: "%26"))" }.joined(separator: "&")
    }

    func state() async throws -> ClientState {
        try await world.database.read { [id, tenant] tx in
            let client = try #require(try tx.client(id, business: tenant.id))
            return try tx.clientState(of: client, business: tenant.id)
        }
    }

    /// Types of the messages that were accepted for the client, oldest first, each with its channel.
    func messages() async throws -> [String] {
        try await world.database.read { [id, tenant] tx in
            try tx.run(
                """
                SELECT message_type, channel FROM crm_communications
                WHERE business_id = \(tenant.id) AND client_id = \(id) ORDER BY communication_id
                """
            ).map { "\(try $0.text(0)) \(try $0.text(1))" }
        }
    }
}

extension Reply {
    func expectPage(_ status: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self.status == status, "\(text)", sourceLocation: sourceLocation)
        #expect(header("content-type") == "text/html; charset=utf-8", sourceLocation: sourceLocation)
        let policy = header("content-security-policy") ?? ""
        #expect(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), sourceLocation: sourceLocation)
        #expect(!policy.contains("unsafe") && !text.contains(" style="), sourceLocation: sourceLocation)
        #expect(header("cache-control") == "no-store", sourceLocation: sourceLocation)
        #expect(header("referrer-policy") == "no-referrer", sourceLocation: sourceLocation)
        #expect(header("set-cookie") == nil, sourceLocation: sourceLocation)
    }
}
