import Core
import HTTPTypes

/// What tests and people steer the emulators with: JSON under `/_emulator`.
struct ControlAPI: Sendable {
    let parts: EmulatorParts
    let people: People
    let catalog: TemplateCatalog
    let reset: @Sendable () -> Void

    struct Refusal: Error {
        var status: HTTPResponse.Status
        var message: String
    }

    /// `path` is what stands behind `/_emulator`.
    func answer(_ request: EmulatorRequest, path: [String]) async -> EmulatorAnswer {
        do throws(Refusal) {
            return try await route(request, path)
        } catch {
            var json = JSONWriter()
            json.object { $0.member("error", error.message) }
            return .json(error.status, json.bytes)
        }
    }

    private func route(_ request: EmulatorRequest, _ path: [String]) async throws(Refusal) -> EmulatorAnswer {
        switch (request.method, path.first ?? "", path.count) {
        case (.get, "messages", 1): return try list(request)
        case (.get, "messages", 2): return try show(path[1])
        case (.delete, "messages", 1):
            reset()
            return EmulatorAnswer(status: .noContent)
        case (.get, "counters", 1): return .json(.ok, Self.counters(parts.log.counters))
        case (.get, "sends", 1): return sends(request)
        case (.post, "reply", 1): return try await reply(body(request))
        case (.post, "event", 1): return try event(body(request))
        case (.post, "behaviour", 1): return try behave(body(request))
        case (.get, "templates", 1): return templates()
        case (.post, "templates", 1): return try await putTemplate(body(request))
        case (.delete, "templates", 3):
            guard catalog.remove(path[1], path[2]) else { throw Self.unknown }
            return EmulatorAnswer(status: .noContent)
        case (.post, "preference", 1): return try await preference(body(request))
        case (.post, "verify", 1):
            var json = JSONWriter()
            let isVerified = await people.verify()
            json.object { $0.member("verified", isVerified) }
            return .json(.ok, json.bytes)
        default: throw Refusal(status: .notFound, message: "There is nothing of this name; docs/emulators.md lists what there is")
        }
    }

    private static let unknown = Refusal(status: .notFound, message: "There is none of this name or id")

    private func body(_ request: EmulatorRequest) throws(Refusal) -> JSONView {
        guard let document = try? JSONDocument(parsing: request.body), document.root.kind == .object else {
            throw Refusal(status: .badRequest, message: "The body must be a JSON object")
        }
        return document.root
    }

    static func provider(_ text: String?) throws(Refusal) -> EmulatedProvider? {
        switch text {
        case nil, "": return nil
        case "twilio", "sms": return .twilio
        case "whatsapp": return .whatsapp
        default: throw invalid("provider must be twilio or whatsapp")
        }
    }

    private static func invalid(_ message: String) -> Refusal { Refusal(status: .unprocessableContent, message: message) }

    // MARK: Looking

    private func list(_ request: EmulatorRequest) throws(Refusal) -> EmulatorAnswer {
        let provider = try Self.provider(request.query("provider"))
        let limit = min(max(request.query("limit").flatMap(Int.init) ?? 100, 1), 10_000)
        let filters = ["to", "from", "direction", "status", "reference"].compactMap { name in request.query(name).map { (name, $0) } }
        let messages = parts.log.list(limit: limit) { message in
            guard provider == nil || provider == message.provider else { return false }
            return filters.allSatisfy { name, value in
                switch name {
                case "to": message.to == value
                case "from": message.from == value
                case "direction": message.direction.rawValue == value
                case "status": message.status.rawValue == value
                default: message.reference == value
                }
            }
        }
        var json = JSONWriter(capacity: 512 * (messages.count + 1))
        json.object { json in
            json.array("messages") { json in
                for message in messages { Self.write(message, &json) }
            }
        }
        return .json(.ok, json.bytes)
    }

    private func show(_ id: String) throws(Refusal) -> EmulatorAnswer {
        guard let message = parts.log.message(id) else { throw Self.unknown }
        var json = JSONWriter()
        Self.write(message, &json)
        return .json(.ok, json.bytes)
    }

    private func sends(_ request: EmulatorRequest) -> EmulatorAnswer {
        let recipient = request.query("to")
        var json = JSONWriter(capacity: 4096)
        json.object { json in
            json.array("sends") { json in
                for send in parts.log.beginnings where recipient == nil || recipient == send.to {
                    json.object { json in
                        json.member("provider", send.provider.rawValue)
                        json.member("to", send.to)
                        json.member("at_ms", send.at.milliseconds)
                    }
                }
            }
        }
        return .json(.ok, json.bytes)
    }

    private func templates() -> EmulatorAnswer {
        var json = JSONWriter(capacity: 4096)
        json.object { json in
            json.array("templates") { json in
                for template in catalog.all { template.write(&json) }
            }
        }
        return .json(.ok, json.bytes)
    }

    // MARK: Doing

    private func reply(_ body: JSONView) async throws(Refusal) -> EmulatorAnswer {
        var reply: EmulatedReply
        if let id = body["message"]?.string {
            guard let message = parts.log.message(id), message.direction != .inbound else { throw Self.unknown }
            reply = EmulatedReply(provider: message.provider, from: message.to, text: "")
            reply.to = message.from
            reply.repliesTo = message.provider == .whatsapp ? id : nil
        } else {
            guard let provider = try Self.provider(body["provider"]?.string) else { throw Self.invalid("provider or message is needed") }
            reply = EmulatedReply(provider: provider, from: body["from"]?.string ?? "", text: "")
            reply.to = body["to"]?.string
            reply.repliesTo = body["replies_to"]?.string
        }
        guard EmulatedID.isE164(reply.from) else { throw Self.invalid("from must be a number in E.164") }
        reply.text = body["text"]?.string ?? ""
        reply.payload = body["payload"]?.string
        reply.kind = body["kind"]?.string ?? (reply.payload != nil && reply.provider == .whatsapp ? "button" : "text")
        guard ["text", "button", "interactive", "list", "image", "document"].contains(reply.kind) else {
            throw Self.invalid("kind is unknown")
        }
        reply.media = (body["media"].map { Array($0.elements) } ?? []).prefix(10).compactMap(\.string)
        reply.profileName = body["profile_name"]?.string ?? reply.profileName
        reply.copies = body["copies"]?.int64.map { Int(clamping: $0) } ?? 1
        let outcome = await people.send(reply)
        var json = JSONWriter()
        json.object { json in
            json.member("id", outcome.id)
            json.member("status", outcome.status)
            json.member("answers", outcome.answers)
            json.member("fault", outcome.fault)
        }
        return .json(.ok, json.bytes)
    }

    private func event(_ body: JSONView) throws(Refusal) -> EmulatorAnswer {
        guard let id = body["message"]?.string, let message = parts.log.message(id), message.direction == .outbound else {
            throw Self.unknown
        }
        guard let status = body["status"]?.string.flatMap(MessageStatus.init) else { throw Self.invalid("status is unknown") }
        let code = body["code"]?.int64.map { Int(clamping: $0) }
        guard parts.reporter.report(id, status, code: code) else { throw Self.unknown }
        return EmulatorAnswer(status: .accepted)
    }

    private func behave(_ body: JSONView) throws(Refusal) -> EmulatorAnswer {
        let provider = try Self.provider(body["provider"]?.string)
        var behaviour: Behaviour?
        if let text = body["behaviour"]?.string {
            guard let known = Behaviour(text) else { throw Self.invalid("behaviour is unknown") }
            behaviour = known
        }
        guard parts.behaviours.set(behaviour, provider: provider, to: body["to"]?.string) else {
            throw Self.invalid("there are too many rules")
        }
        return EmulatorAnswer(status: .noContent)
    }

    private func preference(_ body: JSONView) async throws(Refusal) -> EmulatorAnswer {
        guard let from = body["from"]?.string, EmulatedID.isE164(from) else { throw Self.invalid("from must be a number in E.164") }
        guard let value = body["value"]?.string, ["stop", "resume"].contains(value) else {
            throw Self.invalid("value must be stop or resume")
        }
        let change = WhatsAppCallbacks(parts.configuration).preference(from: from, stops: value == "stop", at: parts.clock.now())
        return Self.answer(await people.sendChange(change))
    }

    /// Adds or changes a template, and tells the product where its status is another one than before.
    private func putTemplate(_ body: JSONView) async throws(Refusal) -> EmulatorAnswer {
        guard let name = body["name"]?.string, !name.isEmpty, name.utf8.count <= 512,
            name.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") })
        else { throw Self.invalid("name must be lower-case letters, digits and underscores") }
        let language = body["language"]?.string ?? "en_US"
        let before = catalog.find(name, language)
        var template = before ?? EmulatedTemplate(name: name, language: language, body: "")
        if let text = body["body"]?.string { template.body = text }
        if let status = body["status"]?.string { template.status = status }
        if let footer = body["footer"]?.string { template.footer = footer }
        if let category = body["category"]?.string {
            guard let known = EmulatedTemplate.Category(rawValue: category) else { throw Self.invalid("category is unknown") }
            template.category = known
        }
        if let header = body["header"] { template.header = try Self.header(header) }
        if let buttons = body["buttons"] { template.buttons = try Self.buttons(buttons) }
        guard !template.body.isEmpty else { throw Self.invalid("body is missing") }
        guard catalog.put(template) else { throw Self.invalid("there are too many templates") }
        guard let before, before.status != template.status else { return EmulatorAnswer(status: .noContent) }
        return Self.answer(
            await people.sendChange(WhatsAppCallbacks(parts.configuration).templateStatus(template, reason: body["reason"]?.string)))
    }

    private static func header(_ body: JSONView) throws(Refusal) -> EmulatedTemplate.Header? {
        switch body["format"]?.string?.uppercased() {
        case nil: return nil
        case "TEXT": return .text(body["text"]?.string ?? "")
        case "DOCUMENT": return .document
        case "IMAGE": return .image
        case "VIDEO": return .video
        default: throw invalid("header.format must be TEXT, DOCUMENT, IMAGE or VIDEO")
        }
    }

    private static func buttons(_ body: JSONView) throws(Refusal) -> [EmulatedTemplate.Button] {
        var buttons: [EmulatedTemplate.Button] = []
        for button in body.elements {
            guard buttons.count < 10, let text = button["text"]?.string else {
                throw invalid("a button needs a text; there are at most 10")
            }
            buttons.append(button["url"]?.string.map { .url(text: text, url: $0) } ?? .quickReply(text))
        }
        return buttons
    }

    private static func answer(_ result: CallbackResult) -> EmulatorAnswer {
        var json = JSONWriter()
        json.object { json in
            json.member("status", result.status)
            json.member("fault", result.fault)
        }
        return .json(.ok, json.bytes)
    }
}
