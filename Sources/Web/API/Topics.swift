import Communications
import Core
import Storage

/// What the business writes about that clients may refuse by itself.
struct TopicsAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator

    func show(_ call: Call) async throws -> Answer {
        let business = call.business
        return Self.answer(try await database.read { tx in try tx.topics(business: business) })
    }

    /// Replaces all topics. One that a message type names can not go.
    func put(_ call: Call) async throws -> Answer {
        let business = call.business
        var body = try call.fields()
        if body.value("topics")?.isNull ?? true { body.fail("topics", "is required") }
        let topics = body.objects("topics", maxCount: TopicFields.most, Self.topic) ?? []
        if Set(topics.map(\.name)).count != topics.count { body.fail("topics", "must not name a topic twice") }
        try body.finish()
        let audit = call.audit("topics.put")
        try await database.write { tx in
            if let used = try tx.topicInUse(besides: topics.map(\.name), business: business) {
                let message = "must still have \(used.topic), which the message type \(used.type) names"
                throw ValidationError(errors: [FieldError(field: "topics", message: message)])
            }
            try tx.putTopics(topics, business: business)
            try tx.audit(audit, business: business)
        }
        orchestrator.settingsChanged(business: business)
        return Self.answer(topics)
    }

    private static func topic(_ body: inout FieldReader) -> Topic? {
        let name = body.requiredConvert("name", placeholder: "") { text throws(FieldMessage) in
            if let message = TopicFields.name(text) { throw FieldMessage(message) }
            return text
        }
        let titles = texts("title", longest: 100, &body)
        if titles?.isEmpty ?? true {
            body.fail("title", "is required: at least one text by language, for example {\"en\": \"Newsletter\"}")
        }
        return Topic(name: name, titles: titles ?? [:], descriptions: texts("description", longest: 500, &body) ?? [:])
    }

    private static func texts(_ key: String, longest: Int, _ body: inout FieldReader) -> [String: String]? {
        guard let view = body.freeForm(key, maxBytes: 65_536) else { return nil }
        var texts: [String: String] = [:]
        for (language, value) in view.members {
            guard let text = value.string else {
                body.fail(key, "must have texts as its values")
                return texts
            }
            texts[language] = text
        }
        if let message = TopicFields.texts(texts, longest: longest) { body.fail(key, message) }
        return texts
    }

    private static func answer(_ topics: [Topic]) -> Answer {
        .json { json in
            json.array("topics") { json in
                for topic in topics {
                    json.object { json in
                        json.member("name", topic.name)
                        json.member("title", raw: Topic.json(topic.titles))
                        json.member("description", raw: Topic.json(topic.descriptions))
                    }
                }
            }
        }
    }
}
