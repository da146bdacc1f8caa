import Communications
import Core
import HTTPTypes
import Storage

/// What messages are written from: the built-in templates and a business's own versions.
struct TemplatesAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator
    let baseURL: String

    /// The templates that hold now, own and built-in, in the order of channel, name and language; without their texts.
    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page()
        let channel: Channel? = query.oneOf("channel")
        let name = query.string("name", maxLength: 64)
        try query.finish()
        let own = try await database.read { tx in try tx.activeTemplates(business: business, channel: channel, name: name) }
        var shown = own.map(TemplateView.init)
        let known = Set(shown.map(\.key))
        for channel in Channel.allCases.filter({ channel == nil || $0 == channel }) {
            for builtIn in BuiltInTemplates.names(channel) where name == nil || builtIn == name {
                for language in BuiltInTemplates.languages(channel, builtIn) {
                    guard let view = TemplateView(builtIn: channel, builtIn, language: language), !known.contains(view.key) else {
                        continue
                    }
                    shown.append(view)
                }
            }
        }
        shown.sort { $0.key < $1.key }
        return Listing.page(shown, page, key: \.key) { json, view in
            json.object { json in view.write(&json, withTexts: false) }
        }
    }

    func show(_ call: Call) async throws -> Answer {
        let place = try TemplatePlace(call)
        var query = call.query
        let wanted = query.checkedLanguage()
        try query.finish()
        let view = try await current(place, language: wanted, business: call.business)
        return .json { json in view.write(&json, withTexts: true) }
    }

    /// A new version, active at once.
    func put(_ call: Call) async throws -> Answer {
        let place = try TemplatePlace(call)
        var query = call.query
        let queryLanguage = query.checkedLanguage()
        try query.finish()
        let fallback = try await language(queryLanguage, of: call.business)
        let draft = try TemplateFields.read(call.fields(), place, language: fallback)
        let business = call.business
        let stored = try await database.write { tx in
            let stored = try tx.putTemplate(draft, business: business)
            try tx.audit(place.audit(call, "template.put", language: stored.language, version: stored.version), business: business)
            return stored
        }
        await orchestrator.templateChanged(place.channel, place.name, business: business)
        return .json(stored.version == 1 ? .created : .ok) { json in TemplateView(stored).write(&json, withTexts: true) }
    }

    /// Newest first; the built-in template, where there is one, is version 0.
    func versions(_ call: Call) async throws -> Answer {
        let (place, business) = (try TemplatePlace(call), call.business)
        var query = call.query
        let page = query.page()
        let wanted = query.checkedLanguage()
        let before = page.cursor.flatMap { Int($0.parts.first ?? "") }
        if page.cursor != nil, before == nil { query.fail("cursor", Query.cursorRule) }
        try query.finish()
        let language = try await language(wanted, of: business)
        let own = try await database.read { tx in
            try tx.templateVersions(place.channel, place.name, language: language, business: business)
        }
        var views = own.map(TemplateView.init)
        if var builtIn = TemplateView(builtIn: place.channel, place.name, language: language) {
            builtIn.isActive = !own.contains(where: \.isActive)
            views.append(builtIn)
        }
        guard !views.isEmpty else { throw Refusal.notFound }
        if let before { views = views.filter { $0.version < before } }
        let shown = views.prefix(page.limit)
        let next = views.count > page.limit ? shown.last.map { Cursor("\($0.version)") } : nil
        return .page(Array(shown), next: next) { json, view in
            json.object { json in view.write(&json, withTexts: true) }
        }
    }

    /// Version 0 brings the built-in template back.
    func activate(_ call: Call) async throws -> Answer {
        let (place, business) = (try TemplatePlace(call), call.business)
        var query = call.query
        let wanted = query.checkedLanguage()
        try query.finish()
        try call.noFields()
        guard let version = Int(try call.parameter("version")), (0...1_000_000_000).contains(version) else { throw Refusal.notFound }
        let language = try await language(wanted, of: business)
        if version == 0, BuiltInTemplates.source(place.channel, place.name, language: language) == nil { throw Refusal.notFound }
        let activated = try await database.write { tx in
            guard try tx.activateTemplate(place.channel, place.name, language: language, version: version, business: business) else {
                return false
            }
            try tx.audit(place.audit(call, "template.activate", language: language, version: version), business: business)
            return true
        }
        guard activated else { throw Refusal.notFound }
        await orchestrator.templateChanged(place.channel, place.name, business: business)
        let view = try await current(place, language: language, business: business)
        return .json { json in view.write(&json, withTexts: true) }
    }

    /// The template that holds now, rendered with the caller's values; nothing is sent.
    func preview(_ call: Call) async throws -> Answer {
        let (place, business) = (try TemplatePlace(call), call.business)
        var query = call.query
        let wanted = query.checkedLanguage()
        try query.finish()
        var body = try call.fields()
        let context = body.freeForm("context", maxBytes: 1 << 20).map { Array($0.rawBytes) } ?? Array("{}".utf8)
        try body.finish()
        let view = try await current(place, language: wanted, business: business)
        guard let profile = try await database.read({ tx in try tx.business(business) }) else { throw Refusal.notFound }
        let preview: TemplatePreview
        do {
            let template = try MessageTemplate(
                view.source, channel: view.channel, name: view.name, language: view.language, version: view.version)
            preview = try TemplatePreview(template, business: profile, context: context, baseURL: baseURL)
        } catch let error as TemplateError {
            throw ValidationError(errors: [FieldError(field: "context", message: "can not be rendered: \(error.message)")])
        }
        return TemplatePreviewJSON.answer(preview, of: view)
    }

    /// What messages in `wanted` are written from; without a language, in the business's.
    private func current(_ place: TemplatePlace, language wanted: String?, business: BusinessID) async throws -> TemplateView {
        let language = try await language(wanted, of: business)
        let candidates = wanted == nil ? [language, "en"] : [language]
        let stored = try await database.read { tx -> StoredTemplate? in
            for language in candidates {
                if let found = try tx.activeTemplate(place.channel, place.name, language: language, business: business) { return found }
            }
            return nil
        }
        if let stored { return TemplateView(stored) }
        for language in candidates {
            if let view = TemplateView(builtIn: place.channel, place.name, language: language) { return view }
        }
        throw Refusal.notFound
    }

    private func language(_ wanted: String?, of business: BusinessID) async throws -> String {
        if let wanted { return wanted }
        return try await database.read { tx in try tx.business(business) }?.defaultLanguage ?? Preferences.standard.language
    }
}

/// The channel and name in a template's path.
struct TemplatePlace: Sendable {
    let channel: Channel
    let name: String

    /// - Throws: ``Refusal/notFound`` for a channel that does not exist.
    init(_ call: Call) throws(Refusal) {
        guard let channel = Channel(rawValue: try call.parameter("channel")) else { throw .notFound }
        self.channel = channel
        name = try call.parameter("name")
    }

    func audit(_ call: Call, _ action: String, language: String, version: Int) -> AuditEntry {
        call.audit(
            action, target: "\(channel.rawValue)/\(name)",
            details: AuditDetails.object { json in
                json.member("language", language)
                json.member("version", version)
            })
    }
}

extension Query {
    /// `?language=`.
    mutating func checkedLanguage() -> String? {
        guard let language = string("language", maxLength: 35) else { return nil }
        if let message = ClientFields.languageTag(language) { fail("language", message) }
        return language
    }
}
