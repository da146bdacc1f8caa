import Communications
import Core
import Logging
import Storage

/// Tells clients what holds for them now, by the channel they prefer.
struct PreferencesConfirmation: Sendable {
    static let messageType = "preferences_updated"
    /// Whoever saves more often in an hour sees it on the page.
    static let mostPerHour = 5

    let database: Database
    let orchestrator: Orchestrator

    /// - Returns: the channel that it goes by; nil when there is none left, or when enough were sent already.
    func send(_ visit: LinkVisit, _ state: ClientState, logger: Logger) async -> Channel? {
        let ways = PreferencesSentence.ways(state.preferences, reachable: state.reachable)
        guard let way = ways.first else { return nil }
        let (client, business) = (visit.client.id, visit.business.id)
        do {
            let recent = try await database.read { tx in
                try tx.messageCount(of: Self.messageType, to: client, business: business, since: tx.now.adding(seconds: -3_600))
            }
            guard recent < Self.mostPerHour else { return nil }
            _ = try await orchestrator.submit(
                CommunicationRequest(
                    clientID: client, messageType: Self.messageType, preferredChannel: way, channels: ways,
                    context: context(state, visit)), business: business, idempotency: nil)
            return way
        } catch {
            // What they decided is stored and holds; only the word about it is missing.
            logger.warning("preferences_confirmation_not_sent", metadata: ["error": "\(String(reflecting: error))"])
            return nil
        }
    }

    /// In the language that holds from now on.
    private func context(_ state: ClientState, _ visit: LinkVisit) -> [UInt8] {
        let translation = Translation.best(of: [state.preferences.language, visit.business.defaultLanguage])
        let sentences = PreferencesSentence.all(
            state, topics: visit.topics, fallbackLanguage: visit.business.defaultLanguage, in: translation)
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.member("settings", sentences.first)
            json.member("more_settings", Array(sentences.dropFirst()))
        }
        return json.bytes
    }
}
