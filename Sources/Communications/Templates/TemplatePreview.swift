import Core

/// A template rendered for whoever writes it: with their own values, without a client.
public struct TemplatePreview: Sendable {
    public let message: RenderedMessage
    /// Variables that the template wants and nobody gave, each once.
    public let missingVariables: [String]

    /// - Parameters:
    ///   - context: a JSON object.
    ///   - baseURL: what its links begin with.
    /// - Throws: ``TemplateError`` when the rendering exceeds its limits, ``JSONError``.
    public init(_ template: MessageTemplate, business: Business, context: [UInt8], baseURL: String) throws {
        var prepared = PreparedMessage(
            channel: template.channel, profile: BusinessProfile(business: business, messageTypes: [:]), language: template.language,
            clientName: nil, planID: nil, parts: [PreparedMessage.Part(template: template, context: context)], frame: nil, attachments: [])
        prepared.links = .example(baseURL: baseURL)
        message = try prepared.compose().message
        missingVariables = try prepared.missingVariables()
    }
}
