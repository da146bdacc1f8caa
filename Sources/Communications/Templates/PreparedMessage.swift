import Core
import Storage

/// A message with its templates at hand, to be rendered at the last moment.
struct PreparedMessage: Sendable {
    struct Part: Sendable {
        var template: MessageTemplate
        var context: [UInt8]
    }

    var channel: Channel
    var profile: BusinessProfile
    var language: String
    var clientName: String?
    var planID: String?
    /// The message itself, or the members of its batch, oldest first.
    var parts: [Part]
    /// The frame around a batch.
    var frame: MessageTemplate?
    var attachments: [AttachmentUpload]
    /// WhatsApp only: in which form it goes.
    var whatsApp = WhatsAppChoice.text
    /// Nil: there are none.
    var links: MessageLinks?

    /// Whether any of it is advertising.
    private var isMarketing: Bool {
        parts.contains { profile.messageType(named: $0.template.name)?.category == .marketing }
    }

    /// - Throws: ``TemplateError`` when a rendering exceeds its limits, ``TransportFailure`` when the channel can not take it.
    func render() throws -> RenderedMessage {
        let composed = try compose()
        if let problem = composed.problem { throw problem }
        return composed.message
    }

    /// The message in the form of its channel, also where the channel would not take it.
    func compose() throws -> ComposedMessage {
        let urls = urls()
        var message = if let frame, parts.count > 1 { try renderBatch(in: frame, urls) } else { try renderSingle(urls) }
        message.senderName = profile.business.name.isEmpty ? nil : profile.business.name
        switch channel {
        case .email:
            if isMarketing, let url = urls.unsubscribe {
                message.unsubscribeURL = url
                let language = (frame ?? parts.first?.template)?.language ?? language
                MarketingFooter.complete(&message, unsubscribeURL: url, business: profile.business, language: language)
            }
            return ComposedMessage(email: message, attachments)
        case .sms: return ComposedMessage(sms: message, attachments)
        case .whatsapp:
            guard case .template(let mapping) = whatsApp.form else {
                return ComposedMessage(whatsApp: message, attachments, note: whatsApp.problem)
            }
            return try ComposedMessage(whatsApp: message, attachments, mapping, scope(language: mapping.languageTag, urls))
        }
    }

    /// Those that its templates show; a marketing mail's header always needs one.
    private func urls() -> MessageURLs {
        guard let links else { return MessageURLs() }
        var uses: LinkUses = isMarketing && channel == .email ? .unsubscribe : []
        for template in parts.map(\.template) + [frame].compactMap(\.self) { uses.formUnion(template.linkUses) }
        if case .template = whatsApp.form { uses = .all }
        return uses.isEmpty ? MessageURLs() : links.urls(uses)
    }

    /// What a mapping's parameters are rendered with: as the message's own text, in the template's language.
    private func scope(language: String, _ urls: MessageURLs) throws -> TemplateScope {
        if frame != nil, parts.count > 1 { return try batchScope(language: language, urls) }
        guard let part = parts.first else { return TemplateScope(overrides: overrides(language, urls), defaults: defaults()) }
        let document = try JSONDocument(parsing: part.context)
        return TemplateScope(context: document.root, overrides: overrides(language, urls), defaults: defaults())
    }

    /// The variables that the templates want and nobody gave, each once.
    func missingVariables() throws -> [String] {
        var missing: [String] = []
        let urls = urls()
        for part in parts {
            let document = try JSONDocument(parsing: part.context)
            let scope = TemplateScope(context: document.root, overrides: overrides(part.template.language, urls), defaults: defaults())
            for template in [part.template.subject, part.template.content, part.template.text] {
                for name in try template?.missingVariables(in: scope) ?? [] where !missing.contains(name) { missing.append(name) }
            }
        }
        return missing
    }

    private func renderSingle(_ urls: MessageURLs) throws -> RenderedMessage {
        guard let part = parts.first else { return RenderedMessage(subject: nil, text: "", html: nil) }
        let document = try JSONDocument(parsing: part.context)
        let scope = TemplateScope(context: document.root, overrides: overrides(part.template.language, urls), defaults: defaults())
        return try render(part.template, scope)
    }

    private func renderBatch(in frame: MessageTemplate, _ urls: MessageURLs) throws -> RenderedMessage {
        try render(frame, batchScope(language: frame.language, urls))
    }

    private func batchScope(language: String, _ urls: MessageURLs) throws -> TemplateScope {
        var messages: [TemplateValues] = []
        for part in parts {
            var overrides = overrides(part.template.language, urls)
            overrides.set("fragment", true)
            let document = try JSONDocument(parsing: part.context)
            let rendered = try render(
                part.template, TemplateScope(context: document.root, overrides: overrides, defaults: defaults()))
            var values = TemplateValues()
            values.set("subject", rendered.subject)
            values.set("text", rendered.text)
            // A template that knows nothing of fragments renders a whole document, which can not stand inside another.
            if part.template.knowsFragments { values.set("html", rendered.html) }
            messages.append(values)
        }
        var overrides = overrides(language, urls)
        overrides.set("messages", messages)
        overrides.set("message_count", Int64(messages.count))
        return TemplateScope(overrides: overrides, defaults: defaults())
    }

    private func render(_ template: MessageTemplate, _ scope: TemplateScope) throws -> RenderedMessage {
        let subject = try template.subject?.render(scope)
        var scope = scope
        scope.overrides.set("email_subject", subject)
        let content = try template.content.render(scope)
        guard channel == .email else {
            return RenderedMessage(subject: nil, text: Self.trimmed(content), html: nil)
        }
        let text = try template.text?.render(scope) ?? PlainText.fromHTML(content)
        return RenderedMessage(subject: Self.oneLine(subject ?? profile.business.name), text: text, html: content)
    }

    /// What a request's context can not replace.
    private func overrides(_ language: String, _ urls: MessageURLs) -> TemplateValues {
        let isRightToLeft = Self.isRightToLeft(language)
        var values = TemplateValues()
        values.set("language", language)
        values.set("text_direction", isRightToLeft ? "rtl" : "ltr")
        values.set("text_end", isRightToLeft ? "left" : "right")
        values.set("postal_address", profile.business.postalAddress.isEmpty ? nil : profile.business.postalAddress)
        values.set("preferences_url", urls.preferences)
        values.set("unsubscribe_url", urls.unsubscribe)
        if isMarketing { values.set("is_marketing", true) }
        return values
    }

    private func defaults() -> TemplateValues {
        let business = profile.business
        var values = TemplateValues()
        values.set("client_name", clientName ?? "there")
        values.set("business_name", business.name)
        values.set("support_email", business.supportEmail.isEmpty ? nil : business.supportEmail)
        values.set("brand_color", business.brandColor)
        values.set("brand_text_color", BrandColor.readableText(on: business.brandColor))
        values.set("logo_url", business.logoURL)
        values.set("plan_id", planID)
        return values
    }

    private static func isRightToLeft(_ language: String) -> Bool {
        ["ar", "he", "fa", "ur"].contains(String(language.prefix { $0 != "-" }))
    }

    /// A subject is one line of plain text whatever a template's values hold: a mail with anything else would be refused for good.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isLineBreakOrControl) else { return text }
        return text.unicodeScalars.split(whereSeparator: isLineBreakOrControl).map(String.init).joined(separator: " ")
    }

    private static func isLineBreakOrControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func trimmed(_ text: String) -> String {
        var slice = Substring(text)
        while slice.last?.isWhitespace == true { slice.removeLast() }
        while slice.first?.isWhitespace == true { slice.removeFirst() }
        return String(slice)
    }
}
