import Core
import Storage

/// A request for double opt-in, as whoever follows its link sees it.
public struct PendingOptIn: Sendable, Hashable {
    public var channel: Channel
    /// What they agreed to, where the business said it.
    public var wording: String?
    /// It is confirmed and still holds.
    public var isConfirmed: Bool
}

extension ConsentDesk {
    /// What a genuine link would confirm. Changes nothing. Nil: it was taken back since, or there is no such request any more.
    public func pending(_ link: PublicLink) async throws -> PendingOptIn? {
        let cipher = cipher
        return try await database.read { tx in try Self.pending(link, cipher, tx)?.shown }
    }

    /// Confirms, once. A second time finds it confirmed.
    public func confirm(_ link: PublicLink, source: ConsentSource, audit: AuditEntry) async throws -> PendingOptIn? {
        let cipher = cipher
        let shown = try await database.write { tx -> PendingOptIn? in
            try tx.lockConsent(link.business, link.client)
            guard case (let request, let words, var shown)? = try Self.pending(link, cipher, tx) else { return nil }
            if shown.isConfirmed { return shown }
            guard try tx.confirmOptInRequest(request.id, of: link.client, business: link.business) else { return nil }
            var confirmed = source
            (confirmed.wording, confirmed.wordingVersion) = (words.wording, words.version)
            confirmed.evidence = "request \(request.id)"
            try tx.updatePreferences(
                PreferencesUpdate(marketing: [shown.channel: .confirmed]), of: link.client, business: link.business, source: confirmed)
            try tx.audit(audit, business: link.business)
            shown.isConfirmed = true
            return shown
        }
        await orchestrator.consentChanged(business: link.business, client: link.client, optedOut: [])
        return shown
    }

    private static func pending(
        _ link: PublicLink, _ cipher: Cipher, _ tx: Transaction
    ) throws -> (request: OptInRequest, words: OptInWording, shown: PendingOptIn)? {
        guard let channel = link.channel, let request = try tx.optInRequest(of: link.client, on: channel, business: link.business) else {
            return nil
        }
        let state = try tx.statedPreferences(link.client, business: link.business)?.marketing[channel]
        // Confirmed, and taken back since: an old message must not bring it back.
        if request.confirmedAt != nil, state != .confirmed { return nil }
        let words = try OptInWording(json: cipher.openBytes(request.statement, .optInStatement(link.business, request.id)))
        return (request, words, PendingOptIn(channel: channel, wording: words.wording, isConfirmed: request.confirmedAt != nil))
    }
}
