import Core
import Storage

/// Finds the templates and values of a message.
public final class MessageComposer: Sendable {
    private let database: Database
    private let directory: Directory
    private let templates: TemplateStore
    /// Nil: every WhatsApp message goes as text.
    let whatsApp: WhatsAppComposer?
    /// Nil: messages carry no links of ours.
    let links: LinkIssuer?

    public init(
        database: Database, directory: Directory, templates: TemplateStore, whatsApp: WhatsAppComposer? = nil, links: LinkIssuer? = nil
    ) {
        self.database = database
        self.directory = directory
        self.templates = templates
        self.whatsApp = whatsApp
        self.links = links
    }

    /// What one launch needs of the store for all its attempts; asked for once, however many there are.
    func readings(for attempts: [Attempt], on channel: Channel) async throws -> MessageReadings {
        guard channel == .whatsapp, let whatsApp else { return MessageReadings() }
        return MessageReadings(lastInbound: try await whatsApp.lastInbound(of: attempts))
    }

    /// - Throws: ``TransportFailure`` when the message can never be written (no template), ``DatabaseError``, ``TemplateProblem``.
    func prepare(_ attempt: Attempt, _ readings: MessageReadings) async throws -> PreparedMessage {
        let profile = try await directory.profile(of: attempt.business)
        let preferences = attempt.client.stated.effective(
            recordTimezone: attempt.client.timezone, recordLanguage: attempt.client.language,
            businessLanguage: profile.business.defaultLanguage)
        var prepared = PreparedMessage(
            channel: attempt.channel, profile: profile, language: preferences.language,
            clientName: try database.content.openedName(attempt.client.name, of: attempt.clientID, business: attempt.business),
            planID: attempt.planID, parts: [], frame: nil, attachments: attempt.attachments)
        prepared.links = links.map {
            .signed(
                $0, business: attempt.business, client: attempt.clientID, communication: attempt.id, channel: attempt.channel,
                at: attempt.startedAt)
        }
        let leader = BatchMember(id: attempt.id, messageType: attempt.messageType, context: attempt.context)
        for member in ([leader] + attempt.members).sorted(by: { $0.id < $1.id }) {
            guard let template = try await template(member.messageType, of: prepared) else {
                throw TransportFailure(
                    category: .invalidInput, message: "there is no \(attempt.channel.rawValue) template '\(member.messageType)'")
            }
            let context = try database.content.openedContext(member.context, of: member.id, business: attempt.business)
            prepared.parts.append(PreparedMessage.Part(template: template, context: context))
        }
        if prepared.parts.count > 1 { prepared.frame = try await template("batch", of: prepared) }
        if attempt.hasAttachments, attempt.attachments.isEmpty {
            prepared.attachments = try await database.read { tx in try tx.attachments(of: attempt.id) }
        }
        if attempt.channel == .whatsapp, let whatsApp {
            prepared.whatsApp = try await whatsApp.choice(
                prepared.parts.count > 1 ? "batch" : attempt.messageType, profile: profile, language: prepared.language,
                lastInbound: readings.lastInbound[attempt.id])
            if prepared.whatsApp.isRefused, let problem = prepared.whatsApp.problem {
                throw TransportFailure(category: .permanent, message: problem)
            }
        }
        return prepared
    }

    private func template(_ name: String, of message: PreparedMessage) async throws -> MessageTemplate? {
        try await templates.template(
            message.profile.business.id, message.channel, name, language: message.language,
            fallbackLanguage: message.profile.business.defaultLanguage)
    }
}

/// What was read for a whole launch at once.
struct MessageReadings: Sendable {
    /// When the people behind the attempts last wrote to us on WhatsApp.
    var lastInbound: [CommunicationID: Timestamp] = [:]
}
