import Core
import Storage
import Synchronization

/// Compiled templates by business, channel, name and language: the business's own where it has one, else the built-in.
///
/// Kept until the business changes them, and looked up anew every few seconds so that changes made by another instance arrive even
/// where nobody tells of them. Their texts come from the cache where instances share one, else from the database.
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

    private struct Entries {
        var byKey: [Key: Entry] = [:]
        /// Counts what was forgotten: what was read before must not be kept after.
        var generation = 0
    }

    private static let freshFor: Int64 = 5
    private static let mostEntries = 5000

    private let clock: WallClock
    private let sources: TemplateSourceCache
    private let entries = Mutex(Entries())
    /// Compiled built-in templates; they never change.
    private let builtIn = Mutex<[Key: MessageTemplate]>([:])

    /// - Parameter records: a cache that all instances share; nil reads the database.
    public init(database: Database, clock: WallClock, records: RecordCache? = nil) {
        self.clock = clock
        sources = TemplateSourceCache(database: database, records: records)
    }

    /// The template in the wanted language, else in its base language, else in the business's, else in English.
    /// - Throws: ``TemplateProblem`` when a stored template no longer compiles, ``DatabaseError``.
    public func template(_ business: BusinessID, _ channel: Channel, _ name: String, language: String, fallbackLanguage: String)
        async throws
        -> MessageTemplate?
    {
        let key = Key(business: business, channel: channel, name: name, language: language)
        let now = clock.now()
        let (known, generation) = entries.withLock { ($0.byKey[key], $0.generation) }
        if let known, now < known.readAt.adding(seconds: Self.freshFor) { return known.template }
        let candidates = Self.candidates(language, fallbackLanguage)
        let stored = try await sources.source(channel, name, languages: candidates, business: business, mayBeCached: known != nil)
        var template: MessageTemplate?
        if let stored, let compiled = known?.template, compiled.version == stored.version, compiled.language == stored.language {
            template = compiled
        } else {
            template = try stored.map {
                try MessageTemplate($0.source, channel: channel, name: name, language: $0.language, version: $0.version)
            }
        }
        if template == nil { template = try builtInTemplate(channel, name, candidates, business) }
        let entry = Entry(template: template, readAt: now)
        entries.withLock { entries in
            guard entries.generation == generation else { return }
            if entries.byKey.count >= Self.mostEntries { entries.byKey.removeAll() }
            entries.byKey[key] = entry
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

    /// Call after the business changed a template, here or on another instance.
    public func forget(_ business: BusinessID) {
        entries.withLock { entries in
            entries.generation += 1
            entries.byKey = entries.byKey.filter { $0.key.business != business }
        }
    }

    /// Call where it was changed: for all instances.
    func forget(_ channel: Channel, _ name: String, _ business: BusinessID) async {
        await sources.forget(channel, name, business: business)
        forget(business)
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
