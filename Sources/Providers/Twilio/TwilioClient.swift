import Core
import FoundationEssentials

/// Twilio's messages API (version 2010-04-01): sends, looks up, checks the account.
public struct TwilioClient: Sendable {
    static let provider = "Twilio"
    /// An answer is a few kilobytes; pages of the list are larger.
    static let longestAnswer = 256 << 10

    let http: SafeHTTP
    let configuration: TwilioConfiguration
    let clock: WallClock
    private let authorization: String

    public init(http: SafeHTTP, configuration: TwilioConfiguration, clock: WallClock) {
        self.http = http
        self.configuration = configuration
        self.clock = clock
        let pair = Array("\(configuration.username):\(configuration.password)".utf8)
        authorization = "Basic " + Data(pair).base64EncodedString()
    }

    /// Hands a message to Twilio. There is no idempotency key: after an unknown outcome, ``lookUp(_:since:)`` comes first.
    public func send(_ message: TwilioMessage) async throws(ProviderFailure) -> TwilioReceipt {
        var fields = [("To", message.to), ("Body", message.body)]
        switch message.sender {
        case .service(let sid): fields.append(("MessagingServiceSid", sid))
        case .number(let sender), .shortCode(let sender), .alphanumeric(let sender): fields.append(("From", sender))
        }
        if let callback = statusCallback(message.reference) { fields.append(("StatusCallback", callback)) }
        if let validity = configuration.validity { fields.append(("ValidityPeriod", "\(validity)")) }
        let response = try await exchange("POST", messagesURL, body: FormEncoding.encode(fields))
        guard (200...299).contains(response.status) else {
            throw TwilioAnswer(response, now: clock.now()).failure(recipient: message.to, body: message.body)
        }
        guard let receipt = TwilioReceipt(response) else {
            // It was taken, or was it? The answer does not tell.
            throw ProviderFailure(
                category: .transient, message: "\(Self.provider): HTTP \(response.status) with an answer that can not be read",
                outcomeUnknown: true)
        }
        return receipt
    }

    /// Nil when the account works; else one line that says what is wrong.
    public func checkAccount(timeout: Duration = .seconds(4)) async -> String? {
        do {
            let response = try await exchange("GET", accountURL + ".json", timeout: timeout)
            guard response.status == 200 else {
                return TwilioAnswer(response, now: clock.now()).failure(recipient: "", body: "").message
            }
            guard let account = try? JSONDocument(parsing: response.body).root, let status = account["status"]?.string else {
                return "\(Self.provider): the answer can not be read; check TWILIO_API_URL"
            }
            return status == "active" ? nil : "\(Self.provider): the account is \(ProviderText.scrubbed(status, without: []))"
        } catch {
            return error.message
        }
    }

    /// With our own id in the query; Twilio signs the address as a whole. Receipts that we could not store are told again.
    private func statusCallback(_ reference: CommunicationID?) -> String? {
        guard let callback = configuration.statusCallback else { return nil }
        let query = reference.map { "?\(TwilioWebhook.referenceParameter)=\($0)" } ?? ""
        return callback + query + "#rc=3&rp=ct,rt,5xx"
    }

    var accountURL: String { configuration.url + "/2010-04-01/Accounts/" + configuration.accountSID }
    var messagesURL: String { accountURL + "/Messages.json" }

    func exchange(
        _ method: String, _ url: String, body: [UInt8] = [], timeout: Duration? = nil, longestAnswer: Int = longestAnswer
    ) async throws(ProviderFailure) -> SafeHTTP.Response {
        var headers = [("Authorization", authorization), ("Accept", "application/json")]
        if method == "POST" { headers.append(("Content-Type", "application/x-www-form-urlencoded")) }
        do {
            return try await http.send(
                SafeHTTP.Request(
                    method: method, url: url, headers: headers, body: body, destination: .configured,
                    timeout: timeout ?? configuration.timeout, maxResponseBytes: longestAnswer))
        } catch {
            throw ProviderFailure(error, provider: Self.provider)
        }
    }
}

extension TwilioReceipt {
    /// Nil when the body is no message.
    fileprivate init?(_ response: SafeHTTP.Response) {
        guard let message = try? JSONDocument(parsing: response.body).root, let sid = message["sid"]?.string,
            ProviderText.isIdentifier(sid)
        else { return nil }
        self.init(message: message, sid: sid, requestID: response.header("Twilio-Request-Id"))
    }

    init(message: JSONView, sid: String, requestID: String?) {
        let segments = message["num_segments"].flatMap { $0.string.flatMap { Int($0) } ?? $0.int64.map { Int($0) } }
        self.init(
            sid: sid, status: ProviderText.scrubbed(message["status"]?.string ?? "", without: []),
            segments: segments.flatMap { $0 > 0 ? $0 : nil }, requestID: requestID.map { ProviderText.scrubbed($0, without: []) })
    }
}
