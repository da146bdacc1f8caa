import Communications
import Core
import HTTPTypes
import Storage

/// Which approved WhatsApp template stands in for which message type outside the 24-hour window.
struct WhatsAppMappingsAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator

    /// All of them, in the order of message type and language.
    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page()
        try query.finish()
        let views = try await database.read { tx in try tx.mappingViews(business: business) }
        return Listing.page(views, page, key: \.key) { json, view in json.object { json in view.write(&json) } }
    }

    /// One message type's, in every language.
    func show(_ call: Call) async throws -> Answer {
        let (name, business) = (try call.parameter("message_type"), call.business)
        let views = try await database.read { tx in try tx.mappingViews(business: business, messageType: name) }
        guard !views.isEmpty else { throw Refusal.notFound }
        return .json { json in
            json.member("message_type", name)
            json.array("mappings") { json in for view in views { json.object { json in view.write(&json) } } }
        }
    }

    /// Sets the mapping in the template's language; the other languages stay.
    func put(_ call: Call) async throws -> Answer {
        let (name, business) = (try call.parameter("message_type"), call.business)
        var body = try call.fields()
        if let message = MessageTypeFields.name(name) { body.fail("message_type", message) }
        let mapping = WhatsAppMapping(messageType: name, template: WhatsAppMappingFields.read(&body))
        let (template, category) = try await database.read { tx in
            (
                try tx.whatsAppTemplate(mapping.template.name, language: mapping.template.language)?.template,
                try tx.category(of: name, business: business)
            )
        }
        for problem in WhatsAppMappingCheck.problems(mapping, template: template, category: category) {
            body.fail(problem.field, problem.message)
        }
        try body.finish()
        let created = try await database.write { tx in
            let details = AuditDetails.object { json in json.member("language", mapping.template.language) }
            try tx.audit(call.audit("whatsapp_mapping.put", target: name, details: details), business: business)
            return try tx.putWhatsAppMapping(mapping, business: business)
        }
        orchestrator.settingsChanged(business: business)
        let view = WhatsAppMappingView(mapping: mapping, template: template, category: category)
        return .json(created ? .created : .ok) { json in view.write(&json) }
    }

    /// Of all languages, or of the one in the query.
    func delete(_ call: Call) async throws -> Answer {
        let (name, business) = (try call.parameter("message_type"), call.business)
        var query = call.query
        let language = query.string("language", maxLength: 15)
        try query.finish()
        let count = try await database.write { tx in
            let count = try tx.deleteWhatsAppMappings(name, language: language, business: business)
            guard count > 0 else { return 0 }
            let details = AuditDetails.object { json in json.member("language", language) }
            try tx.audit(call.audit("whatsapp_mapping.delete", target: name, details: details), business: business)
            return count
        }
        guard count > 0 else { throw Refusal.notFound }
        orchestrator.settingsChanged(business: business)
        return Answer(status: .noContent)
    }
}

/// A mapping as callers see it, with what is wrong with it now.
struct WhatsAppMappingView: Sendable {
    var mapping: WhatsAppMapping
    /// As the account has it; nil where it never listed it.
    var template: WhatsAppTemplate?
    var category: MessageCategory?

    /// Identifies and orders mappings in the list.
    var key: String { "\(mapping.messageType)/\(mapping.template.language)" }

    func write(_ json: inout JSONWriter) {
        json.member("message_type", mapping.messageType)
        mapping.template.writeMembers(to: &json)
        json.member("template_status", template?.status)
        json.member("template_category", template?.category)
        json.array("problems") { json in
            guard let template else { return }
            if !template.isApproved { Self.write("template", "is \(template.status)", &json) }
            for problem in mapping.problems(with: template, category: category) { Self.write(problem.field, problem.message, &json) }
            if template.isMarketing, category == .transactional {
                Self.write("template", "counts as marketing for WhatsApp, which may withhold it from people", &json)
            }
        }
    }

    private static func write(_ field: String, _ message: String, _ json: inout JSONWriter) {
        json.object { json in
            json.member("field", field)
            json.member("message", message)
        }
    }
}

extension Transaction {
    fileprivate func mappingViews(business: BusinessID, messageType: String? = nil) throws -> [WhatsAppMappingView] {
        try whatsAppMappings(business: business, messageType: messageType).map { mapping in
            WhatsAppMappingView(
                mapping: mapping, template: try whatsAppTemplate(mapping.template.name, language: mapping.template.language)?.template,
                category: try category(of: mapping.messageType, business: business))
        }
    }

    /// Nil for `batch`, and for a message type that does not exist yet.
    fileprivate func category(of messageType: String, business: BusinessID) throws -> MessageCategory? {
        (try self.messageType(messageType, business: business) ?? MessageType.builtIn(named: messageType))?.category
    }
}
