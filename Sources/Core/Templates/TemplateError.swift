/// What is wrong with a template, and where. Safe to show to its author.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted from 1.
    public let line: Int
    /// In Unicode scalars, counted from 1.
    public let column: Int
    public let message: String
    /// The partial that the position lies in; nil for the template itself.
    public let partial: String?

    public init(line: Int, column: Int, message: String, partial: String? = nil) {
        self.line = line
        self.column = column
        self.message = message
        self.partial = partial
    }

    public var description: String {
        "\(partial.map { "partial \($0), " } ?? "")line \(line), column \(column): \(message)"
    }
}
