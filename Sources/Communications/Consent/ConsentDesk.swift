import Core
import FoundationEssentials
import Storage

/// Where consent is stated, asked for and confirmed. When it answers, what was said is durable and, if it was a no, nothing begins any
/// more that it forbids (promise P4).
public struct ConsentDesk: Sendable {
    /// A client is asked for a confirmation at most once in this time, whoever asks.
    static let pause: Int64 = 86_400
    /// How long a request can be confirmed.
    static let lifetime: Int64 = 7 * 86_400
    /// The built-in message that asks.
    public static let messageType = "opt_in_request"

    let database: Database
    let directory: Directory
    let orchestrator: Orchestrator
    let links: LinkSigner
    let cipher: Cipher

    public init(database: Database, directory: Directory, orchestrator: Orchestrator, links: LinkSigner, cipher: Cipher) {
        self.database = database
        self.directory = directory
        self.orchestrator = orchestrator
        self.links = links
        self.cipher = cipher
    }

    /// Records what a caller tells. Under double opt-in a grant of marketing asks the client to confirm instead.
    ///
    /// - Throws: ``ValidationError``; ``Refusal/conflict(_:)`` where the client may not be asked now; ``DatabaseError``.
    public func state(
        _ statement: ConsentStatement, business: BusinessID, source: ConsentSource, audit: AuditEntry
    ) async throws -> ConsentOutcome {
        let profile = try await directory.profile(of: business)
        if case .topic(let name) = statement.purpose, !profile.topics.contains(where: { $0.name == name }) {
            throw ValidationError(errors: [FieldError(field: "purpose", message: "names no topic of the business")])
        }
        let full = statement.source(source)
        let asks = statement.decision == .requested || profile.business.marketingRule == .doubleOptIn && statement.decision == .granted
        if statement.purpose == .marketing, asks, let channel = statement.channel {
            if let outcome = try await ask(statement, on: channel, business, full, audit) { return outcome }
        }
        let update = statement.update
        let preferences = try await database.write { tx in
            try tx.lockConsent(business, statement.client)
            let before = try tx.statedPreferences(statement.client, business: business) ?? StatedPreferences()
            let after = try tx.updatePreferences(update, of: statement.client, business: business, source: full)
            // Said again, perhaps in other words: that is told as well.
            if before == after { try tx.record(statement.entry(statement.decision, full), business: business) }
            try tx.audit(audit, business: business)
            return try tx.effectivePreferences(statement.client, business: business)
        }
        await orchestrator.consentChanged(business: business, client: statement.client, optedOut: update.withdrawn)
        return .recorded(preferences)
    }

    // MARK: Double opt-in

    /// Sends the client a link to confirm with. Nil: they have confirmed already.
    private func ask(
        _ statement: ConsentStatement, on channel: Channel, _ business: BusinessID, _ source: ConsentSource, _ audit: AuditEntry
    ) async throws -> ConsentOutcome? {
        let cipher = cipher
        let request = try await database.write { tx -> OptInRequest? in
            // First of all: two requests at once must not both find that none was sent today.
            try tx.lockConsent(business, statement.client)
            guard try Self.needsRequest(statement, on: channel, business, tx) else { return nil }
            let id = UUIDv7(at: tx.now)
            let request = OptInRequest(
                id: id, client: statement.client, channel: channel,
                statement: try cipher.seal(OptInWording(source).json, .optInStatement(business, id)), requestedAt: tx.now,
                expiresAt: tx.now.adding(seconds: Self.lifetime))
            try tx.putOptInRequest(request, business: business)
            var asked = source
            asked.evidence = source.evidence ?? "request \(id)"
            try tx.record(statement.entry(.requested, asked), business: business)
            try tx.audit(audit, business: business)
            return request
        }
        guard let request else { return nil }
        do {
            return .requested(try await send(request, business), expiresAt: request.expiresAt)
        } catch {
            // Nothing was sent, so nobody was asked today.
            try? await database.record { tx in try tx.withdrawOptInRequest(request.id, of: request.client, business: business) }
            throw error
        }
    }

    private static func needsRequest(
        _ statement: ConsentStatement, on channel: Channel, _ business: BusinessID, _ tx: Transaction
    ) throws -> Bool {
        guard let client = try tx.clientSnapshot(statement.client, business: business, merging: nil, batchState: false) else {
            throw ValidationError(errors: [FieldError(field: "client_id", message: "is not known; create the client first")])
        }
        guard client.reachable.contains(channel) else {
            throw ValidationError(errors: [FieldError(field: "channel", message: "is one that the client has no address for")])
        }
        if client.stated.isToBeErased { throw Refusal.conflict("The client is to be erased.") }
        if client.stated.optOuts.contains(channel) { throw Refusal.conflict("The client opted out of \(channel.rawValue).") }
        if client.suppressed.contains(channel) || client.marketingStopped.contains(channel) {
            throw Refusal.conflict("The address is on the suppression list.")
        }
        if client.stated.marketing[channel] == .confirmed { return false }
        // Whoever said no is asked again only when they came back by themselves.
        if client.stated.marketing[channel] == .refused, statement.evidence?.isEmpty ?? true {
            throw ValidationError(errors: [
                FieldError(field: "evidence", message: "is required: the client refused, and must have asked for it since")
            ])
        }
        if let last = try tx.lastOptInRequest(of: statement.client, business: business), last > tx.now.adding(seconds: -pause) {
            throw Refusal.conflict("The client was asked for a confirmation less than a day ago.")
        }
        return true
    }

    private func send(_ request: OptInRequest, _ business: BusinessID) async throws -> CommunicationID {
        let link = PublicLink(
            .confirm, business: business, client: request.client, channel: request.channel, expiresAt: request.expiresAt,
            issuedAt: request.requestedAt)
        var context = JSONWriter(capacity: 512)
        context.object { json in json.member("confirm_url", links.url(link)) }
        let submission = try await orchestrator.submit(
            CommunicationRequest(
                clientID: request.client, messageType: Self.messageType, onlyChannel: request.channel, context: context.bytes),
            business: business, idempotency: nil)
        switch submission {
        case .accepted(let id, _): return id
        case .replayed: throw Refusal.unavailable  // Without a key nothing is replayed.
        }
    }
}

extension ConsentStatement {
    func entry(_ decision: ConsentEntry.Decision, _ source: ConsentSource) -> ConsentEntry {
        ConsentEntry(client: client, purpose: purpose, channel: channel, decision: decision, source: source)
    }
}

/// What a client is asked to confirm, kept until they do.
struct OptInWording: Sendable, Hashable {
    var wording: String?
    var version: String?
    var evidence: String?

    init(_ source: ConsentSource) {
        wording = source.wording
        version = source.wordingVersion
        evidence = source.evidence
    }

    init(json bytes: [UInt8]) throws {
        let root = try JSONDocument(parsing: bytes).root
        wording = root["wording"]?.string
        version = root["wording_version"]?.string
        evidence = root["evidence"]?.string
    }

    var json: [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            json.member("wording", wording)
            json.member("wording_version", version)
            json.member("evidence", evidence)
        }
        return json.bytes
    }
}
