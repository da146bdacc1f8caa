import Core
import Emulators
import FoundationEssentials
import HTTPTypes
import NIOPosix
import Providers
import Synchronization

/// A clock that stands until it is moved.
final class StageClock: Sendable {
    private let time = Mutex(Timestamp(milliseconds: 1_795_248_000_000))  // 2026-11-21T08:00:00Z

    var wallClock: WallClock { WallClock { self.time.withLock { $0 } } }

    func advance(seconds: Int64) { time.withLock { $0 = $0.adding(seconds: seconds) } }
}

/// An emulator on a real socket, a receiver of its callbacks, and a client.
struct Stage: Sendable {
    let emulator: EmulatorServer
    let product: CallbackReceiver
    let productURL: String
    let clock: StageClock
    let http: SafeHTTP

    static let account = TwilioAccount().accountSID
    static let number = WhatsAppAccount().phoneNumberID
    static let business = WhatsAppAccount().businessAccountID

    static func with(
        product: CallbackReceiver = CallbackReceiver(), _ configure: @Sendable @escaping (inout EmulatorConfiguration) -> Void = { _ in },
        _ body: @Sendable @escaping (Stage) async throws -> Void
    ) async throws {
        try await product.serve { url in
            var configuration = EmulatorConfiguration()
            configuration.latency = .none
            configuration.callbackURL = url
            configure(&configuration)
            let clock = StageClock()
            let group = MultiThreadedEventLoopGroup.singleton
            let emulator = try await EmulatorServer.start(configuration, clock: clock.wallClock, on: group)
            let http = SafeHTTP(eventLoopGroup: group)
            let stage = Stage(emulator: emulator, product: product, productURL: url, clock: clock, http: http)
            do {
                try await body(stage)
            } catch {
                await http.shutdown()
                await emulator.shutdown()
                throw error
            }
            await http.shutdown()
            await emulator.shutdown()
        }
    }

    // MARK: Twilio

    static func basic(_ user: String, _ password: String) -> (String, String) {
        ("Authorization", "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())")
    }

    static let twilioKey = basic(account, TwilioAccount().authToken)

    func twilio(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], authorization: (String, String)? = Stage.twilioKey
    ) async throws -> SafeHTTP.Response {
        var headers = authorization.map { [$0] } ?? []
        if method == "POST" { headers.append(("Content-Type", "application/x-www-form-urlencoded")) }
        return try await call(method, "/2010-04-01/Accounts/\(Self.account)\(path)", headers, FormEncoding.encode(fields))
    }

    /// An SMS with a status callback.
    func sms(_ to: String, from: String = "+15005550006", body: String = "Hello", callback: String = "/status") async throws
        -> SafeHTTP.Response
    {
        try await twilio(
            "POST", "/Messages.json", [("To", to), ("From", from), ("Body", body), ("StatusCallback", productURL + callback)])
    }

    // MARK: WhatsApp

    func whatsApp(_ method: String, _ path: String, _ body: String = "", token: String = "emulator-access-token") async throws
        -> SafeHTTP.Response
    {
        let type = body.isEmpty ? [] : [("Content-Type", "application/json")]
        return try await call(method, "/v25.0\(path)", [("Authorization", "Bearer \(token)")] + type, Array(body.utf8))
    }

    func text(_ to: String, _ body: String = "Hello") async throws -> SafeHTTP.Response {
        try await whatsApp(
            "POST", "/\(Self.number)/messages",
            #"{"messaging_product":"whatsapp","to":"\#(to)","type":"text","text":{"body":"\#(body)"},"biz_opaque_callback_data":"our-id"}"#)
    }

    func template(_ to: String, _ template: String) async throws -> SafeHTTP.Response {
        try await whatsApp(
            "POST", "/\(Self.number)/messages",
            #"{"messaging_product":"whatsapp","to":"\#(to)","type":"template","biz_opaque_callback_data":"our-id","template":\#(template)}"#
        )
    }

    // MARK: Anything

    func call(_ method: String, _ path: String, _ headers: [(String, String)] = [], _ body: [UInt8] = []) async throws -> SafeHTTP.Response
    {
        try await http.send(
            SafeHTTP.Request(
                method: method, url: emulator.baseURL + path, headers: headers, body: body, destination: .configured, timeout: .seconds(60),
                maxResponseBytes: 32 << 20))
    }

    func control(_ method: String, _ path: String, _ body: String = "") async throws -> SafeHTTP.Response {
        try await call(method, "/_emulator\(path)", [], Array(body.utf8))
    }

    /// The form of each callback that came, checked for its signature.
    func forms(_ count: Int) async throws -> [[String: String]] {
        try await product.wait(count).map { one in
            guard let fields = FormEncoding.decode(one.body) else { throw StageError("no form") }
            let signature = TwilioSignature.Presented(signature: one.headers[HTTPField.Name("X-Twilio-Signature")!])
            guard
                TwilioSignature.verify(signature, url: productURL + one.target, parameters: fields, token: TwilioAccount().authToken)
            else { throw StageError("a wrong signature") }
            return Dictionary(fields) { first, _ in first }
        }
    }

    /// The parsed WhatsApp webhooks that came, checked for their signature.
    func webhooks(_ count: Int) async throws -> [WhatsAppWebhook] {
        try await product.wait(count).map { one in
            let header = one.headers[HTTPField.Name("X-Hub-Signature-256")!]
            guard WhatsAppSignature.verify(header: header, body: one.body, secret: WhatsAppAccount().appSecret) else {
                throw StageError("a wrong signature")
            }
            return try WhatsAppWebhook.parse(one.body)
        }
    }
}

struct StageError: Error {
    let text: String

    init(_ text: String) { self.text = text }
}

extension SafeHTTP.Response {
    var json: JSONView {
        get throws { try JSONDocument(parsing: body).root }
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}
