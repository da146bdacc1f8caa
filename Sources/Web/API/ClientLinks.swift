import Core
import HTTPTypes
import Storage

/// The links that clients come by, as far as a business has a say in them.
struct ClientLinksAPI: Sendable {
    let database: Database

    /// Every link of the client that was made up to now opens nothing any more.
    func revoke(_ call: Call) async throws -> Answer {
        try call.noFields()
        let (id, business) = (try call.clientID(), call.business)
        let audit = call.audit("client.revoke_links", target: id.text, client: id)
        let revokedAt = try await database.write { tx -> Timestamp? in
            guard try tx.revokeLinks(of: id, business: business) else { return nil }
            try tx.audit(audit, business: business)
            return tx.now
        }
        guard let revokedAt else { throw Refusal.notFound }
        return .json { json in
            json.member("client_id", id.text)
            json.time("links_revoked_at", revokedAt)
        }
    }
}
