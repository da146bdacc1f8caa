import Core
import Storage
import Synchronization

/// Compiled templates by business, channel, name and language: the business's own where it has one, else the built-in.
///
/// Kept until the business changes them in this process, and looked up anew every few seconds so that changes made by
/// another instance arrive.
public final class TemplateStore: Sendable {
    private struct Key: Hashable {
        var business: BusinessID
        var channel: Channel
        var name: String
        var language: String
    }

    private struct Entry {
        /// Nil: there is no such template in any language.
        var template: MessageTemplate?
        var readAt: Timestamp
    }

    private static let freshFor: Int64 = 5
    private static let mostEntries = 5000

    private let database: Database
    private let clock: WallClock
    private let entries = Mutex<[Key: Entry]>([:])
    /// Compiled built-in templates; they never change.
    private let builtIn = Mutex<[Key: MessageTemplate]>([:])

    public init(database: Database, clock: WallClock) {
        self.database = database
        self.clock = clock
    }

    /// The template in the wanted language, else in its base language, else in the business's, else in English.
    /// - Throws: ``TemplateProblem`` when a stored template no longer compiles, ``DatabaseError``.
    public func template(_ business: BusinessID, _ channel: Channel, _ name: String, language: String, fallbackLanguage: String)
        async throws
        -> MessageTemplate?
    {
        let key = Key(business: business, channel: channel, name: name, language: language)
        let now = clock.now()
        if let entry = entries.withLock({ $0[key] }), now < entry.readAt.adding(seconds: Self.freshFor) { return entry.template }
        let candidates = Self.candidates(language, fallbackLanguage)
        let stored = try await database.read { tx -> StoredTemplate? in
            for candidate in candidates {
                if let found = try tx.activeTemplate(channel, name, language: candidate, business: business) { return found }
            }
            return nil
        }
        var template = try stored.map {
            try MessageTemplate(
                TemplateSource(subject: $0.subjectTemplate, content: $0.contentTemplate, text: $0.textTemplate), channel: channel,
                name: name, language: $0.language, version: $0.version)
        }
        if template == nil { template = try builtInTemplate(channel, name, candidates, business) }
        entries.withLock { entries in
            if entries.count >= Self.mostEntries { entries.removeAll() }
            entries[key] = Entry(template: template, readAt: now)
        }
        return template
    }

    /// The channels on which a message type can be written.
    public func writableChannels(_ business: BusinessID, _ name: String, language: String) async throws -> ChannelSet {
        var channels: ChannelSet = []
        for channel in Channel.allCases
        where try await template(business, channel, name, language: language, fallbackLanguage: language) != nil {
            channels.insert(ChannelSet(channel))
        }
        return channels
    }

    /// Call after the business changed a template.
    public func forget(_ business: BusinessID) {
        entries.withLock { entries in entries = entries.filter { $0.key.business != business } }
    }

    private func builtInTemplate(_ channel: Channel, _ name: String, _ languages: [String], _ business: BusinessID) throws
        -> MessageTemplate?
    {
        for language in languages {
            let key = Key(business: Self.everyone, channel: channel, name: name, language: language)
            if let known = builtIn.withLock({ $0[key] }) { return known }
            guard let source = BuiltInTemplates.source(channel, name, language: language) else { continue }
            let template = try MessageTemplate(source, channel: channel, name: name, language: language, version: 0)
            builtIn.withLock { $0[key] = template }
            return template
        }
        return nil
    }

    private static let everyone = BusinessID(high: 0, low: 0)

    static func candidates(_ language: String, _ fallback: String) -> [String] {
        var candidates: [String] = []
        for tag in [language, fallback, "en"] {
            for candidate in [tag, String(tag.prefix { $0 != "-" && $0 != "_" })] where !candidates.contains(candidate) {
                candidates.append(candidate)
            }
        }
        return candidates
    }
}
