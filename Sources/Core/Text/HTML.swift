/// A piece of HTML that is safe to send: whatever is put into it is escaped, unless it is HTML itself.
///
/// `"<p>\(name)</p>" as HTML` cannot be injected into; there is no way to splice text but as text.
public struct HTML: ExpressibleByStringInterpolation, Sendable {
    /// The source, to be sent as it is.
    public private(set) var text: String

    public init(stringLiteral value: String) { text = value }

    public init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Pieces one after the other.
    public static func joined(_ pieces: [HTML]) -> HTML {
        var html: HTML = ""
        for piece in pieces { html.text += piece.text }
        return html
    }

    /// Collects the pieces of an interpolated literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        public mutating func appendLiteral(_ literal: String) { text += literal }

        public mutating func appendInterpolation(_ html: HTML) { text += html.text }

        /// Text, for element content and double-quoted attributes.
        ///
        /// Disfavoured, so that literals in `\(condition ? "<b>" : "")` are read as HTML, which the code wrote, and not as text to escape.
        @_disfavoredOverload
        public mutating func appendInterpolation(_ value: String) {
            for scalar in value.unicodeScalars {
                switch scalar {
                case "&": text += "&amp;"
                case "<": text += "&lt;"
                case ">": text += "&gt;"
                case "\"": text += "&quot;"
                case "'": text += "&#39;"
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
    }
}
