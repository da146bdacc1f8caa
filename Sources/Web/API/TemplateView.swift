import Communications
import Core
import Storage

/// A template as callers see it.
struct TemplateView: Sendable {
    var channel: Channel
    var name: String
    var language: String
    /// 0 for the built-in one.
    var version: Int
    var source: TemplateSource
    /// JSON array of names.
    var variables: [UInt8]
    var isActive: Bool
    /// Nil for the built-in one.
    var createdAt: Timestamp?

    init(_ stored: StoredTemplate) {
        channel = stored.channel
        name = stored.name
        language = stored.language
        version = stored.version
        source = TemplateSource(subject: stored.subjectTemplate, content: stored.contentTemplate, text: stored.textTemplate)
        variables = stored.variables
        isActive = stored.isActive
        createdAt = stored.createdAt
    }

    /// Nil when there is none in exactly that language.
    init?(builtIn channel: Channel, _ name: String, language: String) {
        guard let source = BuiltInTemplates.source(channel, name, language: language) else { return nil }
        self.channel = channel
        self.name = name
        self.language = language
        version = 0
        self.source = source
        let template = try? MessageTemplate(source, channel: channel, name: name, language: language, version: 0)
        var json = JSONWriter()
        json.array { json in for variable in template?.variables ?? [] { json.value(variable) } }
        variables = json.bytes
        isActive = true
        createdAt = nil
    }

    /// Identifies and orders templates in the list.
    var key: String { "\(channel.rawValue)/\(name)/\(language)" }

    func write(_ json: inout JSONWriter, withTexts: Bool) {
        json.member("channel", channel.rawValue)
        json.member("name", name)
        json.member("language", language)
        json.member("version", version)
        json.member("built_in", version == 0)
        json.member("active", isActive)
        json.member("variables", raw: variables)
        json.time("created_at", createdAt)
        guard withTexts else { return }
        json.member("subject_template", source.subject)
        json.member("content_template", source.content)
        json.member("text_template", source.text)
    }
}

/// A preview as JSON.
enum TemplatePreviewJSON {
    static func answer(_ preview: TemplatePreview, of view: TemplateView) -> Answer {
        .json { json in
            json.member("channel", view.channel.rawValue)
            json.member("name", view.name)
            json.member("language", view.language)
            json.member("version", view.version)
            json.member("subject", preview.message.subject)
            json.member("text", preview.message.text)
            json.member("html", preview.message.html)
            json.member("missing_variables", preview.missingVariables)
            guard view.channel == .sms else { return }
            let segments = Segments(preview.message.text)
            json.member("segments", segments.count)
            json.member("encoding", segments.encoding.rawValue)
            json.member("characters", segments.characters)
        }
    }
}
