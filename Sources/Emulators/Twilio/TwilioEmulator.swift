import Core
import FoundationEssentials
import HTTPTypes
import Providers

/// Twilio's Programmable Messaging, as far as senders need it.
struct TwilioEmulator: Sendable {
    let parts: EmulatorParts
    let stopped: StoppedSenders

    var account: TwilioAccount { parts.configuration.twilio }

    /// `path` is what stands behind `/2010-04-01`.
    func answer(_ request: EmulatorRequest, path: [String]) async -> EmulatorAnswer {
        var answer: EmulatorAnswer
        do throws(TwilioError) {
            answer = try await route(request, path)
        } catch {
            answer = error.answer
        }
        answer.headers[.twilioRequestID] = EmulatedID.twilio("RQ")
        answer.headers[.twilioConcurrency] = "1"
        answer.headers[.apiDomain] = "api.twilio.com"
        return answer
    }

    private func route(_ request: EmulatorRequest, _ path: [String]) async throws(TwilioError) -> EmulatorAnswer {
        guard isAuthorized(request.headers[.authorization]) else {
            parts.log.count { $0.unauthorized += 1 }
            throw TwilioError(20_003)
        }
        guard path.first == "Accounts", path.count >= 2 else { throw TwilioError(20_404) }
        if path.count == 2 {
            guard request.method == .get, path[1] == "\(account.accountSID).json" else { throw TwilioError(20_404) }
            return showAccount()
        }
        guard path[1] == account.accountSID else { throw TwilioError(20_404) }
        let rest = Array(path.dropFirst(2))
        if rest == ["Messages.json"] {
            switch request.method {
            case .post: return try await create(request)
            case .get: return try list(request)
            default: throw TwilioError(20_404, status: .methodNotAllowed, message: "Method not allowed")
            }
        }
        guard rest.count == 2, rest[0] == "Messages", rest[1].hasSuffix(".json") else { throw TwilioError(20_404) }
        let id = String(rest[1].dropLast(5))
        switch request.method {
        case .get: return try show(id)
        case .post: return try update(id, request)
        case .delete: return try delete(id)
        default: throw TwilioError(20_404, status: .methodNotAllowed, message: "Method not allowed")
        }
    }

    /// `Basic`, with the account's SID and token or with an API key.
    private func isAuthorized(_ header: String?) -> Bool {
        guard let header, header.lowercased().hasPrefix("basic "), header.utf8.count < 1024,
            let bytes = Data(base64Encoded: header.dropFirst(6).filter { $0 != " " })
        else { return false }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        let (user, password) = (String(parts[0]), String(parts[1]))
        return user == account.accountSID ? password == account.authToken : account.apiKeys[user] == password
    }

    private func showAccount() -> EmulatorAnswer {
        var json = JSONWriter()
        json.object { json in
            json.member("sid", account.accountSID)
            json.member("friendly_name", "Emulator")
            json.member("status", "active")
            json.member("type", "Full")
            json.member("uri", "/2010-04-01/Accounts/\(account.accountSID).json")
        }
        return .json(.ok, json.bytes)
    }

    // MARK: Sending

    private func create(_ request: EmulatorRequest) async throws(TwilioError) -> EmulatorAnswer {
        // JSON is not understood here: such a request has no fields.
        let isForm = request.mediaType == "application/x-www-form-urlencoded"
        guard let fields = isForm ? FormEncoding.decode(request.body) : [] else {
            throw TwilioError(nil, message: "The body is no form")
        }
        let recipient = fields.first { $0.0 == "To" }?.1 ?? ""
        parts.log.begin(.twilio, to: recipient)
        let behaviour = parts.behaviour(.twilio, to: recipient, isReportedLater: TwilioError.isReportedLater)
        await parts.wait(behaviour)
        do throws(TwilioError) {
            if let answer = try before(behaviour, key: recipient + "\u{0}" + (fields.first { $0.0 == "Body" }?.1 ?? "")) {
                return answer
            }
            let wanted = try TwilioSendRequest(fields, account: account, now: parts.clock.now())
            if stopped.contains(wanted.from ?? account.serviceSender, wanted.to) { throw TwilioError(21_610) }
            return await take(wanted, behaviour, request)
        } catch {
            parts.log.count { $0.refused[.twilio, default: 0] += 1 }
            throw error
        }
    }

    /// What happens before anything is taken.
    private func before(_ behaviour: Behaviour, key: String) throws(TwilioError) -> EmulatorAnswer? {
        switch behaviour {
        case .refuse(let code): throw TwilioError(code)
        case .hang: return .hang
        case .drop: return .cut
        case .badGateway: return .badGateway
        case .tooMany(let seconds): throw TwilioError(20_429, retryAfter: seconds)
        case .internalError: throw TwilioError(20_500)
        case .flaky where parts.behaviours.isFirstTry("twilio\u{0}\(key)"):
            throw TwilioError(nil, status: .serviceUnavailable, message: "Service unavailable")
        default: return nil
        }
    }

    private func take(_ wanted: TwilioSendRequest, _ behaviour: Behaviour, _ request: EmulatorRequest) async -> EmulatorAnswer {
        let now = parts.clock.now()
        let first: MessageStatus = wanted.sendAt != nil ? .scheduled : wanted.service != nil ? .accepted : .queued
        var message = EmulatedMessage(
            id: EmulatedID.twilio(wanted.media.isEmpty ? "SM" : "MM"), provider: .twilio, direction: .outbound,
            from: wanted.from ?? account.serviceSender, to: wanted.to, body: wanted.body,
            passages: [EmulatedMessage.Passage(status: first, at: now)], createdAt: now)
        message.media = wanted.media
        message.messagingService = wanted.service
        message.callbackURL = wanted.statusCallback
        message.validity = wanted.validity
        message.request = request.body
        parts.log.keep(message)
        var steps = Self.steps(behaviour, throughService: wanted.service != nil)
        if let at = wanted.sendAt, !steps.isEmpty { steps[0].delay = Int(clamping: at.milliseconds - now.milliseconds) }
        let answer = EmulatorAnswer.json(.created, TwilioJSON.message(message, account: account.accountSID))
        return await parts.answering(answer, for: message.id, steps, behaviour)
    }

    /// The way of a message that was taken.
    static func steps(_ behaviour: Behaviour, throughService: Bool) -> [StatusReporter.Step] {
        // There is no callback for the status that the answer tells.
        var steps: [StatusReporter.Step] = throughService ? [.init(status: .queued)] : []
        switch behaviour {
        case .silent: return []
        case .unconfirmed: return steps + [.init(status: .sent)]
        case .fail(let code) where TwilioError.isUndelivered(code):
            return steps + [.init(status: .sent), .init(status: .undelivered, code: code)]
        case .fail(let code): return steps + [.init(status: .failed, code: code)]
        case .read: steps += [.init(status: .sent), .init(status: .delivered), .init(status: .read)]
        default: steps += [.init(status: .sent), .init(status: .delivered)]
        }
        return steps
    }
}

extension HTTPField.Name {
    // A constant name of letters and hyphens: never nil.
    static let twilioRequestID = HTTPField.Name("Twilio-Request-Id")!
    // As above.
    static let twilioConcurrency = HTTPField.Name("Twilio-Concurrent-Requests")!
    // As above.
    static let apiDomain = HTTPField.Name("X-Api-Domain")!
}
