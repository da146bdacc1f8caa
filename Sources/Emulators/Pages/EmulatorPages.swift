import Core
import HTTPTypes
import Providers

/// What people see and press in a browser.
struct EmulatorPages: Sendable {
    let parts: EmulatorParts
    let people: People
    let reset: @Sendable () -> Void

    static let pageSize = 100

    func answer(_ request: EmulatorRequest) async -> EmulatorAnswer {
        switch (request.method, request.path.first ?? "", request.path.count) {
        case (.get, "", 0): return list(request)
        case (.get, "messages", 2): return message(request.path[1])
        case (.get, EmulatorStyle.path, 1):
            return EmulatorAnswer(status: .ok, contentType: "text/css; charset=utf-8", body: EmulatorStyle.bytes())
        case (.post, let action, 1) where ["reply", "report", "behaviour", "reset"].contains(action): return await act(action, request)
        default: return .text(.notFound, "This is Rapport's emulator of Twilio and WhatsApp. There is nothing here.\n")
        }
    }

    // MARK: Forms

    private func act(_ action: String, _ request: EmulatorRequest) async -> EmulatorAnswer {
        // Another site must not write in anybody's name. Browsers say where a form comes from; other programs need not.
        if let site = request.headers[.fetchSite], site != "same-origin", site != "none" {
            return .text(.forbidden, "Forms of other sites are not taken.\n")
        }
        guard request.mediaType == "application/x-www-form-urlencoded", let fields = FormEncoding.decode(request.body) else {
            return .text(.badRequest, "The body is no form.\n")
        }
        func value(_ name: String) -> String { fields.first { $0.0 == name }?.1 ?? "" }
        switch action {
        case "reply": return await reply(value)
        case "report":
            guard let status = MessageStatus(rawValue: value("status")),
                parts.reporter.report(value("message"), status, code: Int(value("code")))
            else { return .text(.unprocessableContent, "There is no such message or status.\n") }
            return Self.seeOther("/messages/\(value("message"))")
        case "behaviour":
            guard let behaviour = Behaviour(value("behaviour")) else {
                return .text(.unprocessableContent, "There is no such behaviour.\n")
            }
            let provider = EmulatedProvider(rawValue: value("provider"))
            _ = parts.behaviours.set(behaviour == .deliver ? nil : behaviour, provider: provider, to: nil)
            return Self.seeOther("/")
        default:
            reset()
            return Self.seeOther("/")
        }
    }

    private func reply(_ value: (String) -> String) async -> EmulatorAnswer {
        guard let provider = EmulatedProvider(rawValue: value("provider")), EmulatedID.isE164(value("from")) else {
            return .text(.unprocessableContent, "A channel and a number in E.164 (+15551234567) are needed.\n")
        }
        var reply = EmulatedReply(provider: provider, from: value("from"), text: value("text"))
        if !value("to").isEmpty { reply.to = value("to") }
        if !value("payload").isEmpty, provider == .whatsapp {
            reply.payload = value("payload")
            reply.kind = "button"
        }
        if !value("replies_to").isEmpty { reply.repliesTo = value("replies_to") }
        let outcome = await people.send(reply)
        return page(title: "Reply", EmulatorHTML.outcome(outcome, from: reply.from))
    }

    private static func seeOther(_ location: String) -> EmulatorAnswer {
        // From a form: whatever could end a header's line or lead elsewhere is refused.
        let isHarmless = location.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !location.hasPrefix("//")
        return EmulatorAnswer(status: .seeOther, headers: [.location: isHarmless ? location : "/"])
    }

    // MARK: Pages

    private func list(_ request: EmulatorRequest) -> EmulatorAnswer {
        let provider = request.query("channel").flatMap(EmulatedProvider.init)
        let messages = parts.log.list(limit: Self.pageSize) { provider == nil || $0.provider == provider }
        let content = EmulatorHTML.list(
            messages, provider: provider, counters: parts.log.counters, configuration: parts.configuration)
        return page(title: "Messages", content)
    }

    private func message(_ id: String) -> EmulatorAnswer {
        guard let message = parts.log.message(id) else { return .text(.notFound, "There is no such message.\n") }
        return page(title: "Message", EmulatorHTML.message(message))
    }

    private func page(title: String, _ content: HTML) -> EmulatorAnswer {
        EmulatorAnswer(
            status: .ok, contentType: EmulatorAnswer.html,
            headers: [
                .contentSecurityPolicy: "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                .cacheControl: "no-store",
            ],
            body: Array(EmulatorHTML.document(title: title, content).text.utf8))
    }
}

extension HTTPField.Name {
    // A constant name of letters and hyphens: never nil.
    fileprivate static let fetchSite = HTTPField.Name("Sec-Fetch-Site")!
}
