import Communications
import Core
import Storage

/// Reads a template from a request and refuses what would not work.
enum TemplateFields {
    static let longestContent = 500_000

    /// - Parameter language: holds where the body names none.
    /// - Throws: ``ValidationError``: every broken text with the line of its first fault.
    static func read(_ reader: FieldReader, _ place: TemplatePlace, language: String) throws(ValidationError) -> TemplateDraft {
        var body = reader
        if let message = MessageTypeFields.name(place.name) { body.fail("name", message) }
        let language = body.checked("language", ClientFields.languageTag) ?? language
        let isEmail = place.channel == .email
        let subject: String?
        if isEmail {
            subject = body.requiredString("subject_template", maxLength: 998, .line)
        } else {
            subject = body.string("subject_template", maxLength: 998, .line)
        }
        let content = body.requiredString("content_template", maxLength: longestContent)
        let text = body.string("text_template", maxLength: longestContent)
        if !isEmail {
            if subject != nil { body.fail("subject_template", "is for e-mail only") }
            if text != nil { body.fail("text_template", "is for e-mail only") }
        }
        let source = TemplateSource(subject: subject, content: content, text: text)
        for problem in problems(of: source, place, language) {
            body.fail(problem.field, "line \(problem.line), column \(problem.column): \(problem.message)")
        }
        try body.finish()
        return TemplateDraft(
            channel: place.channel, name: place.name, language: language, subjectTemplate: subject, contentTemplate: content,
            textTemplate: text, variables: variables(of: source, place, language))
    }

    /// The first fault of each text.
    private static func problems(of source: TemplateSource, _ place: TemplatePlace, _ language: String) -> [TemplateProblem] {
        let parts = [
            TemplateSource(subject: source.subject, content: "", text: nil),
            TemplateSource(subject: nil, content: source.content, text: nil),
            TemplateSource(subject: nil, content: "", text: source.text),
        ]
        return parts.compactMap { part in
            do throws(TemplateProblem) {
                _ = try MessageTemplate(part, channel: place.channel, name: place.name, language: language, version: 1)
                return nil
            } catch {
                return error
            }
        }
    }

    /// A JSON array of names; empty for a source that does not compile, which is refused anyway.
    static func variables(of source: TemplateSource, _ place: TemplatePlace, _ language: String) -> [UInt8] {
        let template = try? MessageTemplate(source, channel: place.channel, name: place.name, language: language, version: 1)
        var json = JSONWriter()
        json.array { json in for name in template?.variables ?? [] { json.value(name) } }
        return json.bytes
    }
}
