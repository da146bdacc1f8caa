/// A Mustache template, compiled once and rendered often; safe to share between threads.
///
/// The language is that of the Mustache specification without lambdas: variables `{{x}}`, `{{{x}}}` and `{{&x}}`, dotted names,
/// sections, inverted sections, comments, partials, set delimiters, the implicit iterator `{{.}}` and the rules for tags that stand
/// alone on their line. Inside a list there are also `{{@index}}` (counted from 1), `{{#@first}}` and `{{#@last}}` (also inverted),
/// because numbered lists and separators cannot be written without them.
///
/// Where the specification leaves it open: missing, null, false, empty texts, empty lists and the number 0 are false; numbers are
/// written as in the JSON source; a list or an object as a variable is written as nothing.
///
/// In HTML, values are escaped, a variable may only stand in text or inside a quoted attribute value, and an attribute that holds an
/// address (`href`, `src` …) and ends up with the scheme `javascript:`, `data:` or `vbscript:` is written as `#`.
public final class Template: Sendable {
    public enum Escaping: Sendable { case html, none }

    /// A variable as it is used somewhere in the template or its partials.
    public struct Variable: Sendable, Equatable {
        /// The name as written: `client_name`, `event.date`, `.`.
        public let path: String
        public let line: Int
        public let column: Int
        /// The partial that holds it; nil for the template itself.
        public let partial: String?
        /// The sections around it, outermost first; inverted ones begin with `^`.
        public let sections: [String]
        /// Whether it is inserted without escaping.
        public let isRaw: Bool
        /// Whether it stands inside an attribute that holds an address.
        public let isInAddress: Bool
    }

    /// What compiling and rendering may cost.
    public struct Limits: Sendable {
        /// Source of the template and all its partials, each as often as it is used, in bytes.
        public var maximumSourceBytes = 1 << 20
        /// Sections inside one another.
        public var maximumSections = 64
        /// Partials inside one another.
        public var maximumPartials = 16
        /// Uses of variables.
        public var maximumVariables = 10_000
        /// Rendered text, in bytes.
        public var maximumOutputBytes = 2 << 20
        /// Instructions carried out and keys looked at by one rendering, so that lists in lists cannot keep a processor busy.
        public var maximumSteps = 20_000_000

        public init() {}
    }

    /// Every use of a variable, in the order of the text. Names of sections are not among them: what a section tests is optional.
    public let variables: [Variable]
    let program: TemplateProgram
    let limits: Limits

    private init(_ compiler: TemplateCompiler) {
        variables = compiler.variables
        program = compiler.program
        limits = compiler.limits
    }

    /// - Parameter partials: the source of a partial by its name; nil when there is none.
    public static func compile(
        _ source: String, escaping: Escaping, limits: Limits = Limits(), partials: (String) -> String? = { _ in nil }
    ) throws(TemplateError) -> Template {
        var compiler = TemplateCompiler(escaping: escaping, limits: limits)
        try compiler.compile(Array(source.utf8), partials)
        return Template(compiler)
    }

    /// Appends the rendered text to `output`; leaves it as it was when a limit is exceeded.
    public func render(_ scope: TemplateScope, into output: inout [UInt8]) throws(TemplateError) {
        _ = try TemplateRenderer.render(self, scope, into: &output)
    }

    public func render(_ scope: TemplateScope) throws(TemplateError) -> String {
        var output: [UInt8] = []
        try render(scope, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The variables that this rendering needs and that are absent or null, in order of appearance, each use once.
    ///
    /// Variables inside sections count only where the section is rendered, with the place in the list: `vendors[1].price`.
    public func missingVariables(in scope: TemplateScope) throws(TemplateError) -> [String] {
        var output: [UInt8] = []
        return try TemplateRenderer.render(self, scope, into: &output, collectsMissing: true)
    }
}
