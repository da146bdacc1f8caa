import Core

/// Decides what the links in messages allow, and for how long.
public struct LinkIssuer: Sendable {
    /// How long links to the preference centre work when nobody says otherwise (`LINK_LIFETIME_DAYS`).
    public static let standardLifetimeDays = 60

    public let signer: LinkSigner
    private let lifetimeSeconds: Int64

    public init(signer: LinkSigner, lifetimeDays: Int = standardLifetimeDays) {
        self.signer = signer
        lifetimeSeconds = Int64(lifetimeDays) * 86_400
    }

    /// To the preference centre. It shows what is known of the client, so it expires.
    ///
    /// - Parameter issuedAt: now; or when the link was made that this one is reached through, which must not outlive it.
    public func preferences(of client: ClientID, business: BusinessID, issuedAt: Timestamp) -> PublicLink {
        PublicLink(
            .preferences, business: business, client: client, expiresAt: issuedAt.adding(seconds: lifetimeSeconds), issuedAt: issuedAt)
    }

    /// Ends marketing on a channel. It never expires: a no must be possible from the oldest message.
    public func unsubscribe(
        _ client: ClientID, business: BusinessID, from channel: Channel, communication: CommunicationID, issuedAt: Timestamp
    ) -> PublicLink {
        PublicLink(
            .unsubscribe, business: business, client: client, communication: communication, channel: channel, issuedAt: issuedAt)
    }
}
