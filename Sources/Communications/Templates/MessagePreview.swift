import Core
import Storage

/// A dry run's answer: the decision, and the message as it would be sent.
struct MessagePreview {
    let answer: [UInt8]

    /// - Parameters:
    ///   - whatsApp: nil: every WhatsApp message goes as text.
    ///   - number: the client's telephone number, where the channel needs one.
    ///   - baseURL: what the links of an example begin with; nil: it shows none.
    init(
        planner: Planner, plan: AcceptancePlan, templates: TemplateStore, whatsApp: WhatsAppComposer?, smsPrices: SMSPrices?,
        number: String?, baseURL: String?
    ) async throws {
        let profile = planner.profile
        let language = planner.preferences(plan.client).language
        let template = try await templates.template(
            profile.business.id, plan.channel, plan.messageType, language: language, fallbackLanguage: profile.business.defaultLanguage)
        guard let template else {
            answer = plan.answer
            return
        }
        var message = PreparedMessage(
            channel: plan.channel, profile: profile, language: language, clientName: plan.client.name, planID: plan.planID,
            parts: [PreparedMessage.Part(template: template, context: plan.context)], frame: nil, attachments: plan.attachments)
        message.links = baseURL.map(MessageLinks.example)
        if plan.channel == .whatsapp, let whatsApp {
            let lastInbound = try await whatsApp.lastInbound(plan.client, business: profile.business.id, client: planner.request.clientID)
            message.whatsApp = try await whatsApp.choice(plan.messageType, profile: profile, language: language, lastInbound: lastInbound)
        }
        let composed = try message.compose()
        let missing = try message.missingVariables()
        let preview = Self.preview(plan, message, composed, missing: missing, template: template, smsPrices: smsPrices, number: number)
        var writer = JSONWriter(capacity: 1024 + plan.metadata.count)
        // The metadata is an object of ours: its closing brace makes room for the preview.
        writer.object { writer in
            CommunicationAnswer(
                id: planner.id, status: plan.status == .sending ? .queued : plan.status, channel: plan.channel,
                scheduledFor: plan.scheduledFor, errorMessage: plan.errorMessage, metadata: Array(plan.metadata.dropLast()) + preview
            ).writeMembers(to: &writer)
        }
        answer = writer.bytes
    }

    private static func preview(
        _ plan: AcceptancePlan, _ message: PreparedMessage, _ composed: ComposedMessage, missing: [String], template: MessageTemplate,
        smsPrices: SMSPrices?, number: String?
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.object { writer in
            writer.object("preview") { writer in
                writer.member("subject", composed.message.subject)
                writer.member("text", composed.message.text)
                writer.member("html", composed.message.html)
                writer.member("language", template.language)
                writer.member("template_version", template.version)
                writer.member("missing_variables", missing)
                writer.member("problem", composed.problem?.message ?? (message.whatsApp.isRefused ? message.whatsApp.problem : nil))
                writer.member("attachments_left_out", composed.leftOut)
                if plan.channel == .sms {
                    sms(composed, smsPrices, number, &writer)
                } else {
                    writer.null("segments")
                }
                if plan.channel == .whatsapp {
                    writer.object("whatsapp") { writer in whatsApp(message.whatsApp, composed, &writer) }
                }
            }
        }
        var bytes = writer.bytes
        // `{"preview": …}` becomes `,"preview": …}`.
        bytes[0] = UInt8(ascii: ",")
        return bytes
    }

    private static func sms(_ composed: ComposedMessage, _ prices: SMSPrices?, _ number: String?, _ writer: inout JSONWriter) {
        let segments = Segments(composed.message.text)
        writer.member("segments", segments.count)
        writer.member("encoding", segments.encoding.rawValue)
        writer.member("characters", segments.characters)
        writer.member("replaced", composed.replaced)
        if let prices, let number, let cost = prices.cost(segments: segments.count, to: number) {
            writer.object("cost") { writer in
                writer.member("amount", cost)
                writer.member("currency", prices.currency)
            }
        } else {
            writer.null("cost")
        }
    }

    private static func whatsApp(_ choice: WhatsAppChoice, _ composed: ComposedMessage, _ writer: inout JSONWriter) {
        writer.member("window", choice.isWindowOpen ? "open" : "closed")
        writer.member("problem", choice.problem ?? composed.problem?.message)
        switch composed.message.whatsApp {
        case .template(let template):
            writer.member("form", "template")
            template.writeMembers(to: &writer)
            let header: [String] = if case .text(let parameter) = template.header { [parameter.text] } else { [] }
            writer.member("parameters", header + template.body.map(\.text))
        case .media(let media): writer.member("form", media.kind.rawValue)
        case .text, nil: writer.member("form", "text")
        }
    }
}
