import Core

/// What is wrong with a template, and where.
public struct TemplateProblem: Error, Sendable, Hashable {
    /// `subject_template`, `content_template` or `text_template`.
    public var field: String
    public var line: Int
    public var column: Int
    public var message: String
}

/// The compiled parts of one message on one channel in one language.
public struct MessageTemplate: Sendable {
    public let channel: Channel
    public let name: String
    public let language: String
    /// 0 for built-in ones.
    public let version: Int
    public let subject: Template?
    /// HTML for e-mail, text for everything else.
    public let content: Template
    /// The text alternative of an e-mail; made from the HTML where there is none.
    public let text: Template?

    /// Whether it can render just its inner content, to stand in a batch (`{{^fragment}}` around its frame).
    public let knowsFragments: Bool
    /// The links that any of its parts may show.
    let linkUses: LinkUses

    /// Compiles and checks a source.
    /// - Throws: ``TemplateProblem`` with the first thing that is wrong.
    public init(_ source: TemplateSource, channel: Channel, name: String, language: String, version: Int) throws(TemplateProblem) {
        self.channel = channel
        self.name = name
        self.language = language
        self.version = version
        knowsFragments = source.content.contains("{{^fragment}}")
        let isHTML = channel == .email
        if isHTML, let problem = HTMLCheck.validate(source.content), version > 0 {
            throw TemplateProblem(field: "content_template", line: problem.line, column: problem.column, message: problem.message)
        }
        subject = try source.subject.map { source throws(TemplateProblem) in
            try Self.compile(source, field: "subject_template", html: false, language: language)
        }
        content = try Self.compile(source.content, field: "content_template", html: isHTML, language: language)
        text = try source.text.map { source throws(TemplateProblem) in
            try Self.compile(source, field: "text_template", html: false, language: language)
        }
        linkUses = Self.linkUses(
            [subject, content, text].compactMap(\.self), [source.subject, source.content, source.text].compactMap(\.self))
    }

    /// What stands in the source itself counts also where it is only tested; partials show what they test.
    private static func linkUses(_ templates: [Template], _ sources: [String]) -> LinkUses {
        func uses(_ name: String) -> Bool {
            sources.contains { $0.contains(name) } || templates.contains { $0.variables.contains { $0.path == name } }
        }
        return (uses("preferences_url") ? LinkUses.preferences : []).union(uses("unsubscribe_url") ? .unsubscribe : [])
    }

    /// Names of the variables that any part uses outside list sections, each once.
    public var variables: [String] {
        var seen: Set<String> = []
        return (subject?.variables ?? []).appending(content.variables).appending(text?.variables ?? []).compactMap { variable in
            guard variable.path != ".", !variable.path.hasPrefix("@"), seen.insert(variable.path).inserted else { return nil }
            return variable.path
        }
    }

    private static func compile(_ source: String, field: String, html: Bool, language: String) throws(TemplateProblem) -> Template {
        do {
            return try Template.compile(source, escaping: html ? .html : .none) {
                BuiltInTemplates.partial($0, language: language, html: html)
            }
        } catch {
            throw TemplateProblem(field: field, line: error.line, column: error.column, message: error.message)
        }
    }
}

extension Array {
    fileprivate func appending(_ other: [Element]) -> [Element] { self + other }
}
