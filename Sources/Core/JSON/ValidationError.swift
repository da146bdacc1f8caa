/// One field of a request that cannot be accepted.
public struct FieldError: Sendable, Equatable {
    /// Where, as a dotted path: `recipient.email`, `requests[3].client_id`; empty for the whole body.
    public let field: String
    /// What is wrong with it, as a predicate: "must be a string".
    public let message: String

    public init(field: String, message: String) {
        self.field = field
        self.message = message
    }
}

/// Everything that is wrong with a request, in the order in which the fields were read.
public struct ValidationError: Error, Sendable, Equatable {
    public let errors: [FieldError]

    public init(errors: [FieldError]) { self.errors = errors }
}

/// What a custom check has against a value, as a predicate: "must be an IANA time zone".
public struct FieldMessage: Error, Sendable, Equatable {
    public let text: String

    public init(_ text: String) { self.text = text }
}
