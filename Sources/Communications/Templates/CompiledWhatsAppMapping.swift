import Core

/// A mapping whose parameters are compiled, with the template as the account has it where that is known.
struct CompiledWhatsAppMapping: Sendable {
    let mapping: WhatsAppMapping
    /// Nil where the account's list has never shown it.
    let template: WhatsAppTemplate?
    let shape: WhatsAppTemplateShape?
    /// By their source.
    private let programs: [String: Template]

    /// - Throws: ``ValidationError`` with every parameter that is no Mustache.
    init(_ mapping: WhatsAppMapping, template: WhatsAppTemplate?) throws(ValidationError) {
        self.mapping = mapping
        self.template = template
        shape = template.flatMap(WhatsAppTemplateShape.init)
        var programs: [String: Template] = [:]
        var errors: [FieldError] = []
        _ = WhatsAppMapping.fill(mapping.template) { field, source in
            do throws(TemplateError) {
                programs[source] = try Template.compile(source, escaping: .none) {
                    BuiltInTemplates.partial($0, language: "en", html: false)
                }
            } catch {
                errors.append(FieldError(field: field, message: "line \(error.line), column \(error.column): \(error.message)"))
            }
            return source
        }
        guard errors.isEmpty else { throw ValidationError(errors: errors) }
        self.programs = programs
    }

    /// The template's language as BCP 47 writes it.
    var languageTag: String { mapping.template.language.replacing("_", with: "-") }

    /// The template with its parameters rendered and cleaned up.
    /// - Throws: ``TransportFailure`` for a parameter of which nothing is left or too much, ``TemplateError``.
    func fill(_ scope: TemplateScope) throws -> WhatsAppContent.Template {
        try WhatsAppMapping.fill(mapping.template) { field, source in
            let rendered = try programs[source]?.render(scope) ?? source
            let isSuffix = field.hasSuffix(".suffix")
            guard let text = isSuffix ? WhatsAppText.suffix(rendered) : WhatsAppText.parameter(rendered) else {
                throw TransportFailure(
                    category: .invalidInput, message: "the parameter \(field) of the template '\(mapping.template.name)' is empty")
            }
            guard text.utf16.count <= WhatsAppText.longestParameter else {
                throw TransportFailure(
                    category: .invalidInput,
                    message: "the parameter \(field) of the template '\(mapping.template.name)' has more than "
                        + "\(WhatsAppText.longestParameter) characters")
            }
            return text
        }
    }

    /// As the person reads it, as far as we know the template.
    func text(of filled: WhatsAppContent.Template) -> String {
        if let shape, !shape.bodyText.isEmpty { return shape.text(filled.body) }
        let parameters = filled.body.map { parameter in parameter.name.map { "\($0): \(parameter.text)" } ?? parameter.text }
        return ["\(filled.name) (\(filled.language))", parameters.joined(separator: " | ")].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

extension ComposedMessage {
    /// An approved template, which carries one file at most, in its header.
    init(
        whatsApp message: RenderedMessage, _ attachments: [AttachmentUpload], _ mapping: CompiledWhatsAppMapping, _ scope: TemplateScope
    ) throws {
        self.init(whatsApp: message, [])
        problem = nil
        let filled: WhatsAppContent.Template
        do {
            filled = try mapping.fill(scope)
        } catch let failure as TransportFailure {
            problem = failure
            self.message.whatsApp = .template(mapping.mapping.template)
            return
        }
        self.message.whatsApp = .template(filled)
        self.message.text = mapping.text(of: filled)
        var carried: AttachmentUpload?
        switch filled.header {
        case .document: carried = attachments.first
        case .image: carried = attachments.first(where: \.isWhatsAppImage)
        case .text, nil: break
        }
        let others = attachments.filter { $0 != carried }
        self.message.attachments = (carried.map { [$0] } ?? []) + others
        leftOut = others.map(\.filename)
        switch filled.header {
        case .document where carried == nil:
            problem = TransportFailure(
                category: .invalidInput, message: "the template '\(filled.name)' begins with a document and the message has no file")
        case .image where carried == nil:
            problem = TransportFailure(
                category: .invalidInput, message: "the template '\(filled.name)' begins with an image and the message has none")
        default: break
        }
    }
}

/// Checks mappings for whoever writes them.
public enum WhatsAppMappingCheck {
    /// Every parameter that is no Mustache, and everything in which the mapping differs from the template; empty: it fits.
    public static func problems(_ mapping: WhatsAppMapping, template: WhatsAppTemplate?, category: MessageCategory?) -> [FieldError] {
        do throws(ValidationError) {
            _ = try CompiledWhatsAppMapping(mapping, template: nil)
        } catch {
            return error.errors
        }
        return template.map { mapping.problems(with: $0, category: category) } ?? []
    }
}
