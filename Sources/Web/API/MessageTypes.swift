import Communications
import Core
import HTTPTypes
import Storage

/// Kinds of messages: the built-in ones and a business's own.
struct MessageTypesAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator

    /// In alphabetical order. A business's own type hides the built-in one of that name.
    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page()
        try query.finish()
        let own = try await database.read { tx in try tx.messageTypes(business: business) }
        let names = Set(own.map(\.name))
        let all = (own + MessageType.builtIn.filter { !names.contains($0.name) }).sorted { $0.name < $1.name }
        return Listing.page(all, page, key: \.name) { json, type in
            json.object { json in Self.members(type, isBuiltIn: !names.contains(type.name), &json) }
        }
    }

    func show(_ call: Call) async throws -> Answer {
        let (name, business) = (try call.parameter("name"), call.business)
        let own = try await database.read { tx in try tx.messageType(name, business: business) }
        guard let type = own ?? MessageType.builtIn(named: name) else { throw Refusal.notFound }
        return .json { json in Self.members(type, isBuiltIn: own == nil, &json) }
    }

    func put(_ call: Call) async throws -> Answer {
        let (name, business) = (try call.parameter("name"), call.business)
        var body = try call.fields()
        if let message = MessageTypeFields.name(name) { body.fail("name", message) }
        // They concern consent: as anything else they could not be sent to whom they are for.
        if [ConsentDesk.messageType, PreferencesConfirmation.messageType, LinkRenewal.messageType].contains(name) {
            body.fail("name", "is the product's own and can not be changed; its templates can")
        }
        let category: MessageCategory = body.requiredOneOf("category", placeholder: .transactional)
        let urgency: Urgency = body.oneOf("urgency") ?? .normal
        let channels: [Channel]? = body.listOf("channels")
        if body.value("channels")?.isNull ?? true { body.fail("channels", "is required") }
        if let channels, let message = MessageTypeFields.channels(channels) { body.fail("channels", message) }
        let fallbackAfter = body.int("fallback_after_s", in: MessageTypeFields.fallbackAfter).map { Int($0) }
        let topic = body.checked("topic", TopicFields.name)
        try body.finish()
        let type = MessageType(
            name: name, category: category, defaultUrgency: urgency, channels: channels ?? [], fallbackAfter: fallbackAfter, topic: topic)
        let audit = call.auditOfFields("message_type.put", target: name)
        let created = try await database.write { tx in
            if let topic, try !tx.topics(business: business).contains(where: { $0.name == topic }) {
                throw ValidationError(errors: [FieldError(field: "topic", message: "is not one of the business's topics")])
            }
            try tx.audit(audit, business: business)
            return try tx.putMessageType(type, business: business)
        }
        orchestrator.settingsChanged(business: business)
        return .json(created ? .created : .ok) { json in Self.members(type, isBuiltIn: false, &json) }
    }

    private static func members(_ type: MessageType, isBuiltIn: Bool, _ json: inout JSONWriter) {
        json.member("name", type.name)
        json.member("category", type.category.rawValue)
        json.member("urgency", type.defaultUrgency.rawValue)
        json.member("channels", type.channels.map(\.rawValue))
        json.member("fallback_after_s", type.fallbackAfter)
        json.member("topic", type.topic)
        json.member("built_in", isBuiltIn)
    }
}

/// Pages of lists that are small enough to be held whole, in the order of a text.
enum Listing {
    /// - Parameter all: sorted by `key`, whose values differ.
    static func page<Item>(
        _ all: [Item], _ page: PageRequest, key: (Item) -> String, _ write: (inout JSONWriter, Item) -> Void
    ) -> Answer {
        let rest = page.cursor?.parts.first.map { after in all.filter { key($0) > after } } ?? all
        let shown = rest.prefix(page.limit)
        let next = rest.count > page.limit ? shown.last.map { Cursor(key($0)) } : nil
        return .page(Array(shown), next: next, write)
    }
}
