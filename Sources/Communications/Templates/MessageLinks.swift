import Core

/// Which links of ours a template shows. They are made only for those that do: each costs a signature.
struct LinkUses: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    static let preferences = LinkUses(rawValue: 1)
    static let unsubscribe = LinkUses(rawValue: 2)
    static let all: LinkUses = [.preferences, .unsubscribe]
}

/// The links of one message.
struct MessageURLs: Sendable {
    var preferences: String?
    var unsubscribe: String?
}

/// Where a message's links come from.
enum MessageLinks: Sendable {
    /// Signed for the client who gets the message.
    case signed(LinkIssuer, business: BusinessID, client: ClientID, communication: CommunicationID, channel: Channel, at: Timestamp)
    /// For previews: they look alike and open nothing.
    case example(baseURL: String)

    func urls(_ uses: LinkUses) -> MessageURLs {
        var urls = MessageURLs()
        switch self {
        case .signed(let issuer, let business, let client, let communication, let channel, let time):
            if uses.contains(.preferences) {
                urls.preferences = issuer.signer.url(issuer.preferences(of: client, business: business, issuedAt: time))
            }
            if uses.contains(.unsubscribe) {
                urls.unsubscribe = issuer.signer.url(
                    issuer.unsubscribe(client, business: business, from: channel, communication: communication, issuedAt: time))
            }
        case .example(let baseURL):
            if uses.contains(.preferences) { urls.preferences = "\(baseURL)/\(LinkPurpose.preferences.rawValue)/example" }
            if uses.contains(.unsubscribe) { urls.unsubscribe = "\(baseURL)/\(LinkPurpose.unsubscribe.rawValue)/example" }
        }
        return urls
    }
}
