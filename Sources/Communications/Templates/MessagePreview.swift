import Core
import Storage

/// A dry run's answer: the decision, and the message as it would be sent.
struct MessagePreview {
    let answer: [UInt8]

    init(planner: Planner, plan: AcceptancePlan, templates: TemplateStore) async throws {
        let profile = planner.profile
        let language = planner.preferences(plan.client).language
        let template = try await templates.template(
            profile.business.id, plan.channel, plan.messageType, language: language, fallbackLanguage: profile.business.defaultLanguage)
        guard let template else {
            answer = plan.answer
            return
        }
        let message = PreparedMessage(
            channel: plan.channel, profile: profile, language: language, clientName: plan.client.name, planID: plan.planID,
            parts: [PreparedMessage.Part(template: template, context: plan.context)], frame: nil, attachments: [])
        let rendered = try message.render()
        let missing = try message.missingVariables()
        answer = Self.answer(plan, id: planner.id, rendered: rendered, missing: missing, template: template)
    }

    private static func answer(
        _ plan: AcceptancePlan, id: CommunicationID, rendered: RenderedMessage, missing: [String], template: MessageTemplate
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024 + plan.metadata.count)
        // The metadata is an object of ours: its closing brace makes room for the preview.
        writer.object { writer in
            CommunicationAnswer(
                id: id, status: plan.status == .sending ? .queued : plan.status, channel: plan.channel, scheduledFor: plan.scheduledFor,
                errorMessage: plan.errorMessage, metadata: Array(plan.metadata.dropLast()) + Self.preview(plan, rendered, missing, template)
            ).writeMembers(to: &writer)
        }
        return writer.bytes
    }

    private static func preview(
        _ plan: AcceptancePlan, _ rendered: RenderedMessage, _ missing: [String], _ template: MessageTemplate
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.object { writer in
            writer.object("preview") { writer in
                writer.member("subject", rendered.subject)
                writer.member("text", rendered.text)
                writer.member("html", rendered.html)
                writer.member("language", template.language)
                writer.member("template_version", template.version)
                writer.member("missing_variables", missing)
                if plan.channel == .sms {
                    let segments = Segments(rendered.text)
                    writer.member("segments", segments.count)
                    writer.member("encoding", segments.encoding.rawValue)
                    writer.member("characters", segments.characters)
                } else {
                    writer.null("segments")
                }
            }
        }
        var bytes = writer.bytes
        // `{"preview": …}` becomes `,"preview": …}`.
        bytes[0] = UInt8(ascii: ",")
        return bytes
    }
}
