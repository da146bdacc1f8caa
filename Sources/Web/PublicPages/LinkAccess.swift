import Communications
import Core
import HTTPTypes
import Storage

/// Somebody who came by a link of ours, and what is known of them.
struct LinkVisit: Sendable {
    let link: PublicLink
    let business: Business
    let client: SealedClient
    let state: ClientState
    /// What the business writes about that clients may refuse by itself.
    let topics: [Topic]
    let translation: Translation

    var channel: Channel { link.channel ?? .email }

    func page(_ title: Phrase, _ content: HTML, hasScript: Bool = false) -> PublicPage {
        PublicPage(
            title: translation.text(title), content: content, translation: translation, business: business, hasScript: hasScript)
    }

    /// How a decision on a page of ours came about.
    func source(_ way: ConsentSource.Way, _ incoming: Incoming, page: String) -> ConsentSource {
        ConsentSource(
            way, by: actor, from: incoming.remoteAddress, wordingVersion: "\(page)/\(translation.language)/\(translation.version)",
            evidence: link.communication?.description)
    }

    func audit(_ action: String, _ incoming: Incoming, details: [UInt8] = []) -> AuditEntry {
        AuditEntry(
            actor: actor, action: action, target: client.id.text, client: client.id, remoteAddress: incoming.remoteAddress,
            requestID: incoming.requestID, details: details)
    }

    private var actor: Actor { Actor(.client, id: client.id.text) }
}

/// Opens the links that clients come by.
struct LinkAccess: Sendable {
    enum Outcome: Sendable {
        case open(LinkVisit)
        /// Genuine, but too old.
        case expired(LinkVisit)
        /// Altered, swapped, revoked, or the person is gone: all look the same.
        case void
    }

    let database: Database
    let clock: WallClock
    let links: LinkIssuer

    init(_ parts: WebParts) {
        database = parts.database
        clock = parts.clock
        links = parts.links
    }

    func open(_ incoming: Incoming, _ purpose: LinkPurpose) async throws -> Outcome {
        switch links.signer.open(try incoming.parameter("token"), purpose: purpose, at: clock.now()) {
        case .success(let link): return try await visit(link, incoming).map(Outcome.open) ?? .void
        case .failure(.expired(let link)): return try await visit(link, incoming).map(Outcome.expired) ?? .void
        case .failure(.invalid): return .void
        }
    }

    /// Runs a handler; what can not be done just now becomes a page as well.
    func answer(_ incoming: Incoming, _ handler: () async throws -> Answer) async throws -> Answer {
        do {
            return try await handler()
        } catch DatabaseError.transient, DatabaseError.unavailable {
            var answer = LinkNotice.unavailable(browser(incoming)).answer(.serviceUnavailable)
            answer.headers[.retryAfter] = "5"
            return answer
        } catch Refusal.notFound {
            return unknown(incoming)
        }
    }

    /// One answer for every link that opens nothing, in the browser's language.
    func unknown(_ incoming: Incoming) -> Answer {
        var answer = LinkNotice.unknown(browser(incoming)).answer(.notFound)
        answer.headers[.vary] = "Accept-Language"
        return answer
    }

    /// The way from another page into the preference centre. It ends no later than it would have in the message.
    func preferencesURL(_ visit: LinkVisit) -> String {
        links.signer.url(links.preferences(of: visit.client.id, business: visit.business.id, issuedAt: visit.link.issuedAt))
    }

    private func browser(_ incoming: Incoming) -> Translation { Translation.best(acceptLanguage: incoming.headers[.acceptLanguage]) }

    private func visit(_ link: PublicLink, _ incoming: Incoming) async throws -> LinkVisit? {
        let found = try await database.read { tx -> (Business, SealedClient, ClientState, [Topic])? in
            guard let business = try tx.business(link.business),
                let client = try tx.linkHolder(link.client, business: link.business, issuedAt: link.issuedAt)
            else { return nil }
            return (
                business, client, try tx.clientState(of: client, business: link.business), try tx.topics(business: link.business)
            )
        }
        guard let (business, client, state, topics) = found else { return nil }
        let translation = Translation.best(of: [state.preferences.language, business.defaultLanguage])
        return LinkVisit(link: link, business: business, client: client, state: state, topics: topics, translation: translation)
    }
}
