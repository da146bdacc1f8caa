import Core
import Storage

/// What replies mean to a business.
struct ReplyPatternsAPI: Sendable {
    let database: Database

    private static let mostPatterns = 200

    func show(_ call: Call) async throws -> Answer {
        let business = call.business
        let patterns = try await database.read { tx in try tx.replyPatterns(business: business) }
        return Self.answer(patterns)
    }

    /// Replaces all of the business's own patterns.
    func put(_ call: Call) async throws -> Answer {
        let business = call.business
        var body = try call.fields()
        if body.value("patterns")?.isNull ?? true { body.fail("patterns", "is required") }
        let patterns = body.objects("patterns", maxCount: Self.mostPatterns, Self.pattern) ?? []
        try body.finish()
        try await database.write { tx in
            try tx.putReplyPatterns(patterns, business: business)
            let details = AuditDetails.object { json in json.member("patterns", patterns.count) }
            try tx.audit(call.audit("reply_patterns.put", details: details), business: business)
        }
        return Self.answer(patterns)
    }

    private static func pattern(_ body: inout FieldReader) -> ReplyPattern? {
        let type = body.checked("message_type", MessageTypeFields.name)
        let source = body.requiredString("pattern", maxLength: ReplyPattern.longestSource, .line)
        if !source.isEmpty, let message = ReplyPattern.check(source) { body.fail("pattern", message) }
        let action = body.requiredConvert("action", placeholder: nil) { text throws(FieldMessage) -> ReplyAction? in
            guard let action = ReplyAction(text) else {
                throw FieldMessage("must be 1 to 64 characters of a-z 0-9 _, beginning with a letter")
            }
            return action
        }
        let value = body.string("value", maxLength: ReplyPattern.longestValue, .line)
        return action.flatMap { ReplyPattern(source, messageType: type, action: $0, value: value) }
    }

    private static func answer(_ patterns: [ReplyPattern]) -> Answer {
        .json { json in
            json.array("patterns") { json in write(patterns, &json) }
            json.array("built_in") { json in write(ReplyPattern.builtIn, &json) }
        }
    }

    private static func write(_ patterns: [ReplyPattern], _ json: inout JSONWriter) {
        for pattern in patterns {
            json.object { json in
                json.member("message_type", pattern.messageType)
                json.member("pattern", pattern.source)
                json.member("action", pattern.action.name)
                json.member("value", pattern.value)
            }
        }
    }
}
