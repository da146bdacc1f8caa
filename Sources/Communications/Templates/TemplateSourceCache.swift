import Core
import Storage

/// Texts of a business's own templates, through the cache that instances share: one entry for all languages of a name.
struct TemplateSourceCache: Sendable {
    /// The active version in one language.
    struct Source: Sendable, Equatable {
        var language: String
        var version: Int
        var source: TemplateSource
    }

    private let database: Database
    private let records: RecordCache?

    init(database: Database, records: RecordCache?) {
        self.database = database
        self.records = records
    }

    /// The business's own template in the first of these languages that it has.
    /// - Parameter mayBeCached: false reads the database and replaces the copy. Copies have no end: an instance that was told of a
    ///   change, or that has just started, must not believe one whose deletion was lost with the instance that owed it.
    func source(
        _ channel: Channel, _ name: String, languages: [String], business: BusinessID, mayBeCached: Bool
    ) async throws -> Source? {
        let all = try await sources(channel, name, business, mayBeCached: mayBeCached)
        for language in languages {
            if let found = all.first(where: { $0.language == language }) { return found }
        }
        return nil
    }

    func forget(_ channel: Channel, _ name: String, business: BusinessID) async {
        guard let records else { return }
        await records.cache.delete([records.keys.template(channel, name, business: business)])
    }

    private func sources(_ channel: Channel, _ name: String, _ business: BusinessID, mayBeCached: Bool) async throws -> [Source] {
        guard let records else { return try await read(channel, name, business) }
        let key = records.keys.template(channel, name, business: business)
        if !mayBeCached { await records.cache.delete([key]) }
        var found = await records.cache.lookUp(key)
        if case .hit(let copy) = found {
            if let sources = Self.decode(copy, business, name) { return sources }
            await records.cache.delete([key])
            found = await records.cache.lookUp(key)
        }
        let sources = try await read(channel, name, business)
        if case .miss(let lease?) = found {
            await records.cache.fill(key, Self.encode(sources, business, name), seconds: nil, lease: lease)
        }
        return sources
    }

    private func read(_ channel: Channel, _ name: String, _ business: BusinessID) async throws -> [Source] {
        try await database.read { tx in try tx.activeTemplates(business: business, channel: channel, name: name) }.map {
            Source(
                language: $0.language, version: $0.version,
                source: TemplateSource(subject: $0.subjectTemplate, content: $0.contentTemplate, text: $0.textTemplate))
        }
    }

    // MARK: The copy

    static func encode(_ sources: [Source], _ business: BusinessID, _ name: String) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        json.object { json in
            json.member("business_id", business.description)
            json.member("template_name", name)
            json.array("languages") { json in
                for source in sources {
                    json.object { json in
                        json.member("language", source.language)
                        json.member("version", source.version)
                        json.member("subject_template", source.source.subject)
                        json.member("content_template", source.source.content)
                        json.member("text_template", source.source.text)
                    }
                }
            }
        }
        return json.bytes
    }

    /// Nil: this is no copy of that business's template.
    static func decode(_ bytes: [UInt8], _ business: BusinessID, _ name: String) -> [Source]? {
        guard let root = try? JSONDocument(parsing: bytes).root, root["business_id"]?.string == business.description,
            root["template_name"]?.string == name, let languages = root["languages"], languages.kind == .array
        else { return nil }
        var sources: [Source] = []
        for item in languages.elements {
            guard let language = item["language"]?.string, let version = item["version"]?.int64, version > 0, version <= Int32.max,
                let content = item["content_template"]?.string
            else { return nil }
            let source = TemplateSource(subject: item["subject_template"]?.string, content: content, text: item["text_template"]?.string)
            sources.append(Source(language: language, version: Int(version), source: source))
        }
        return sources
    }
}
