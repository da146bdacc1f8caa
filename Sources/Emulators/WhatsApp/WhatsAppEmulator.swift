import Core
import HTTPTypes

/// WhatsApp's Cloud API, as far as senders need it.
struct WhatsAppEmulator: Sendable {
    let parts: EmulatorParts
    let catalog: TemplateCatalog
    let shelf: MediaShelf
    let windows: ConversationWindows

    var account: WhatsAppAccount { parts.configuration.whatsApp }

    /// `path` is what stands behind the version.
    func answer(_ request: EmulatorRequest, path: [String]) async -> EmulatorAnswer {
        do throws(GraphError) {
            return try await route(request, path)
        } catch {
            return error.answer
        }
    }

    /// Whether the caller may do anything at all; asked before large bodies are read.
    func isAuthorized(_ headers: HTTPFields) -> Bool {
        guard let header = headers[.authorization], header.lowercased().hasPrefix("bearer ") else { return false }
        return header.dropFirst(7).filter { $0 != " " } == account.accessToken
    }

    private func route(_ request: EmulatorRequest, _ path: [String]) async throws(GraphError) -> EmulatorAnswer {
        guard isAuthorized(request.headers) else {
            parts.log.count { $0.unauthorized += 1 }
            throw GraphError(190, "Cannot parse access token")
        }
        guard let object = path.first else { throw Self.unknownObject("") }
        let isNumber = account.phoneNumberIDs.contains(object)
        switch (request.method, path.count, path.last ?? "") {
        case (.post, 2, "messages") where isNumber: return try await send(request, from: object)
        case (.post, 2, "media") where isNumber: return try upload(request)
        case (.get, 2, "message_templates") where object == account.businessAccountID: return listTemplates(request)
        case (.get, 2, "phone_numbers") where object == account.businessAccountID: return listNumbers()
        case (.get, 1, _) where isNumber: return .json(.ok, number(object))
        case (.get, 1, _) where object == account.businessAccountID: return showBusiness()
        case (.get, 1, _): return try describe(object, host: request.host)
        case (.delete, 1, _): return try delete(object)
        default: throw Self.unknownObject(object)
        }
    }

    static func unknownObject(_ id: String) -> GraphError {
        GraphError(100, "Object with ID '\(id.prefix(60))' does not exist, or does not support this operation", subcode: 33)
    }

    // MARK: Sending

    private func send(_ request: EmulatorRequest, from phoneNumberID: String) async throws(GraphError) -> EmulatorAnswer {
        guard let document = try? JSONDocument(parsing: request.body), document.root.kind == .object else {
            throw GraphError(100, "The body is not a JSON object")
        }
        let body = document.root
        if body["status"]?.string == "read" {
            guard let id = body["message_id"]?.string, parts.log.message(id) != nil else {
                throw GraphError(131_009, "message_id is unknown")
            }
            return Self.success
        }
        let recipient = WhatsAppSendRequest.recipient(body).map(WhatsAppSendRequest.e164) ?? ""
        parts.log.begin(.whatsapp, to: recipient)
        let behaviour = parts.behaviour(.whatsapp, to: recipient, isReportedLater: GraphError.isReportedLater)
        await parts.wait(behaviour)
        do throws(GraphError) {
            if let answer = try before(behaviour, key: request.body) { return answer }
            let wanted = try WhatsAppSendRequest(body, catalog: catalog, shelf: shelf, account: account)
            let meets = try afterWindow(behaviour, wanted, phoneNumberID)
            return await take(wanted, meets, from: phoneNumberID, request)
        } catch {
            parts.log.count { $0.refused[.whatsapp, default: 0] += 1 }
            throw error
        }
    }

    /// What happens before anything is taken.
    private func before(_ behaviour: Behaviour, key: [UInt8]) throws(GraphError) -> EmulatorAnswer? {
        switch behaviour {
        case .refuse(let code): throw GraphError(code)
        case .hang: return .hang
        case .drop: return .cut
        case .badGateway: return .badGateway
        case .tooMany(let seconds): throw GraphError(130_429, retryAfter: seconds)
        case .internalError: throw GraphError(131_000)
        case .flaky where parts.behaviours.isFirstTry("whatsapp\u{0}" + String(decoding: key, as: UTF8.self)): throw GraphError(131_016)
        default: return nil
        }
    }

    /// Free text needs an open window; what else was asked for comes first.
    private func afterWindow(
        _ behaviour: Behaviour, _ wanted: WhatsAppSendRequest, _ phoneNumberID: String
    ) throws(GraphError) -> Behaviour {
        guard wanted.template == nil, account.window != .open,
            !windows.isOpen(phoneNumberID, wanted.to, at: parts.clock.now())
        else { return behaviour }
        if account.window == .refused { throw GraphError(131_047, "More than 24 hours have passed since the customer last replied") }
        if case .fail = behaviour { return behaviour }
        return .fail(code: 131_047)
    }

    private func take(
        _ wanted: WhatsAppSendRequest, _ behaviour: Behaviour, from phoneNumberID: String, _ request: EmulatorRequest
    ) async -> EmulatorAnswer {
        let now = parts.clock.now()
        var message = EmulatedMessage(
            id: EmulatedID.whatsApp(), provider: .whatsapp, direction: .outbound, from: phoneNumberID, to: wanted.to, body: wanted.text,
            passages: [EmulatedMessage.Passage(status: .accepted, at: now)], createdAt: now)
        message.kind = wanted.kind
        message.template = wanted.template?.id
        message.media = wanted.media
        message.reference = wanted.reference
        message.request = request.body
        parts.log.keep(message)
        return await parts.answering(accepted(wanted, id: message.id), for: message.id, steps(behaviour), behaviour)
    }

    /// The way of a message that was taken.
    private func steps(_ behaviour: Behaviour) -> [StatusReporter.Step] {
        switch behaviour {
        case .silent: []
        case .unconfirmed: [.init(status: .sent)]
        case .fail(let code): [.init(status: .failed, code: code)]
        case .read: [.init(status: .sent), .init(status: .delivered), .init(status: .read)]
        default: [.init(status: .sent), .init(status: .delivered)] + (account.reads ? [.init(status: .read)] : [])
        }
    }

    private func accepted(_ wanted: WhatsAppSendRequest, id: String) -> EmulatorAnswer {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            json.member("messaging_product", "whatsapp")
            json.array("contacts") { json in
                json.object { json in
                    json.member("input", wanted.input)
                    json.member("wa_id", WhatsAppCallbacks.waID(wanted.to))
                }
            }
            json.array("messages") { json in
                json.object { json in
                    json.member("id", id)
                    if wanted.template != nil { json.member("message_status", "accepted") }
                }
            }
        }
        return .json(.ok, json.bytes)
    }

    static let success = EmulatorAnswer.json(.ok, Array("{\"success\":true}".utf8))
}
