import Core
import Storage

/// Takes changes of preferences. When it answers, they are durable, and nothing begins any more that they forbid (promise P4).
public final class PreferencesIntake: Sendable {
    private let database: Database
    private let orchestrator: Orchestrator

    public init(database: Database, orchestrator: Orchestrator) {
        self.database = database
        self.orchestrator = orchestrator
    }

    /// - Parameter audit: nil where the client themselves made the change, whom the consent ledger names.
    /// - Returns: what holds for the client now.
    /// - Throws: ``ValidationError`` for topics that the business does not have, ``DatabaseError``.
    public func update(
        _ update: PreferencesUpdate, of client: ClientID, business: BusinessID, source: ConsentSource, audit: AuditEntry?
    ) async throws -> Preferences {
        try await checkTopics(update, business)
        let preferences = try await database.write { tx in
            try tx.updatePreferences(update, of: client, business: business, source: source)
            if let audit { try tx.audit(audit, business: business) }
            return try tx.effectivePreferences(client, business: business)
        }
        await orchestrator.consentChanged(business: business, client: client, optedOut: update.withdrawn)
        return preferences
    }

    private func checkTopics(_ update: PreferencesUpdate, _ business: BusinessID) async throws {
        let named = Set(update.topicsRefused ?? []).union(update.topics.keys)
        guard !named.isEmpty else { return }
        let known = Set(try await orchestrator.directory.profile(of: business).topics.map(\.name))
        guard named.isSubset(of: known) else {
            throw ValidationError(errors: [FieldError(field: "topics_refused", message: "must name topics of the business only")])
        }
    }
}
