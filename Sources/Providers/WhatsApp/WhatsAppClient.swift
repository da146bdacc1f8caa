import Core

/// The Cloud API of one business number: sends, uploads, lists templates, checks itself.
public struct WhatsAppClient: Sendable {
    static let provider = "WhatsApp"
    static let longestAnswer = 256 << 10

    let http: SafeHTTP
    let configuration: WhatsAppConfiguration
    let clock: WallClock

    public init(http: SafeHTTP, configuration: WhatsAppConfiguration, clock: WallClock) {
        self.http = http
        self.configuration = configuration
        self.clock = clock
    }

    /// Whether the list of templates can be asked for.
    public var listsTemplates: Bool { configuration.businessAccountID != nil }

    /// Hands a message to WhatsApp. There is neither an idempotency key nor a way to look it up: after an unknown outcome only its webhooks,
    /// which carry ``WhatsAppMessage/reference``, tell whether it was taken.
    public func send(_ message: WhatsAppMessage) async throws(ProviderFailure) -> WhatsAppReceipt {
        let response = try await post("messages", json: try WhatsAppPayload.bytes(of: message))
        guard (200...299).contains(response.status) else {
            throw WhatsAppAnswer(response, now: clock.now()).failure(without: message.secrets)
        }
        let answer = try? JSONDocument(parsing: response.body).root
        let sent = answer?["messages"]?.elements.first { $0.kind == .object }
        guard let id = sent?["id"]?.string, ProviderText.isIdentifier(id) else {
            throw ProviderFailure(
                category: .transient, message: "\(Self.provider): HTTP \(response.status) with an answer that can not be read",
                outcomeUnknown: true)
        }
        return WhatsAppReceipt(id: id, status: sent?["message_status"]?.string.map { ProviderText.scrubbed($0, without: []) })
    }

    /// Uploads a file to be sent; kept there for about thirty days. Reaches nobody by itself.
    /// - Returns: its id.
    public func upload(filename: String, contentType: String, bytes: [UInt8]) async throws(ProviderFailure) -> String {
        var form = MultipartForm()
        form.append("messaging_product", "whatsapp")
        form.append("type", contentType)
        form.append("file", filename: filename, contentType: contentType, bytes)
        var response: SafeHTTP.Response
        do {
            response = try await exchange(
                "POST", configuration.url + "/" + configuration.phoneNumberID + "/media",
                headers: [("Content-Type", form.contentType)], body: form.finished, timeout: configuration.timeout * 4)
        } catch {
            throw error.known
        }
        guard response.status == 200, let id = (try? JSONDocument(parsing: response.body).root)?["id"]?.string,
            ProviderText.isIdentifier(id)
        else { throw WhatsAppAnswer(response, now: clock.now()).failure(without: [filename]).known }
        return id
    }

    /// All templates of the account, in whatever state. Empty components mean that WhatsApp did not tell them.
    public func templates() async throws(ProviderFailure) -> [WhatsAppTemplate] {
        guard let account = configuration.businessAccountID else {
            throw ProviderFailure(category: .invalidInput, message: "\(Self.provider): WHATSAPP_BUSINESS_ACCOUNT_ID is not set")
        }
        var templates: [WhatsAppTemplate] = []
        var after: String?
        for _ in 0..<100 {
            var query = [("fields", "name,status,category,language,components"), ("limit", "100")]
            if let after { query.append(("after", after)) }
            let url = configuration.url + "/\(account)/message_templates?" + String(decoding: FormEncoding.encode(query), as: UTF8.self)
            let response = try await exchange("GET", url, longestAnswer: 8 << 20)
            guard response.status == 200 else { throw WhatsAppAnswer(response, now: clock.now()).failure(without: []) }
            guard let page = try? JSONDocument(parsing: response.body).root, let list = page["data"], list.kind == .array else {
                throw ProviderFailure(category: .transient, message: "\(Self.provider): the list of templates can not be read")
            }
            templates += list.elements.compactMap(WhatsAppTemplate.init(listed:))
            // The cursor, not the address behind `next`: that one carries the token and could lead anywhere.
            guard page["paging"]?["next"]?.string != nil, let cursor = page["paging"]?["cursors"]?["after"]?.string, cursor != after else {
                return templates
            }
            after = cursor
        }
        throw ProviderFailure(category: .transient, message: "\(Self.provider): the list of templates has no end")
    }

    /// Nil when number and token work; else one line that says what is wrong.
    public func checkNumber(timeout: Duration = .seconds(4)) async -> String? {
        do {
            let url = configuration.url + "/" + configuration.phoneNumberID + "?fields=id,display_phone_number,verified_name,quality_rating"
            let response = try await exchange("GET", url, timeout: timeout)
            guard response.status == 200 else { return WhatsAppAnswer(response, now: clock.now()).failure(without: []).message }
            guard (try? JSONDocument(parsing: response.body).root)?["id"]?.string == configuration.phoneNumberID else {
                return "\(Self.provider): the answer can not be read; check WHATSAPP_API_URL"
            }
            return nil
        } catch {
            return error.message
        }
    }

    private func post(_ edge: String, json: [UInt8]) async throws(ProviderFailure) -> SafeHTTP.Response {
        try await exchange(
            "POST", configuration.url + "/" + configuration.phoneNumberID + "/" + edge, headers: [("Content-Type", "application/json")],
            body: json)
    }

    private func exchange(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: [UInt8] = [], timeout: Duration? = nil,
        longestAnswer: Int = longestAnswer
    ) async throws(ProviderFailure) -> SafeHTTP.Response {
        do {
            return try await http.send(
                SafeHTTP.Request(
                    method: method, url: url,
                    headers: [("Authorization", "Bearer \(configuration.accessToken)"), ("Accept", "application/json")] + headers,
                    body: body,
                    destination: .configured, timeout: timeout ?? configuration.timeout, maxResponseBytes: longestAnswer))
        } catch {
            throw ProviderFailure(error, provider: Self.provider)
        }
    }
}

extension ProviderFailure {
    /// A failed upload has reached nobody, whatever became of it.
    fileprivate var known: ProviderFailure {
        var failure = self
        failure.outcomeUnknown = false
        return failure
    }
}

extension WhatsAppTemplate {
    /// Nil where name, language or status is missing.
    fileprivate init?(listed view: JSONView) {
        guard let name = view["name"]?.string, let language = view["language"]?.string, let status = view["status"]?.string,
            [name, language, status].allSatisfy({ ProviderText.isIdentifier($0) })
        else { return nil }
        let components = view["components"].flatMap { $0.kind == .array && !$0.containsNUL ? Array($0.rawBytes) : nil }
        let category = view["category"]?.string.map { ProviderText.scrubbed($0.uppercased(), without: []) }
        self.init(name: name, language: language, status: status.uppercased(), category: category, components: components)
    }
}
