import Core
import HTTPTypes

/// An error in the form of Twilio's REST API.
struct TwilioError: Error, Sendable {
    /// Nil where Twilio says none.
    var code: Int?
    var status: HTTPResponse.Status
    var message: String
    var retryAfter: Int?

    init(_ code: Int?, status: HTTPResponse.Status? = nil, message: String? = nil, retryAfter: Int? = nil) {
        self.code = code
        self.status = status ?? code.map(Self.status) ?? .badRequest
        self.message = message ?? code.flatMap { Self.messages[$0] } ?? "The request was refused"
        self.retryAfter = retryAfter
    }

    var answer: EmulatorAnswer {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            if let code {
                json.member("code", code)
                json.member("message", message)
                json.member("more_info", "https://www.twilio.com/docs/errors/\(code)")
            } else {
                json.member("message", message)
            }
            json.member("status", status.code)
        }
        var answer = EmulatorAnswer.json(status, json.bytes)
        if let retryAfter { answer.headers[.retryAfter] = "\(retryAfter)" }
        if status == .unauthorized { answer.headers[.wwwAuthenticate] = "Basic realm=\"Twilio API\"" }
        return answer
    }

    /// Whether Twilio takes a message and tells of this code by callback.
    static func isReportedLater(_ code: Int) -> Bool {
        code >= 30_000 || code == 14_107 || code == 11_751
    }

    /// Whether a message with this code ends as `undelivered`, after it was sent, and not as `failed`.
    static func isUndelivered(_ code: Int) -> Bool {
        switch code {
        case 30_003...30_008, 30_410, 63_003, 63_024: true
        default: false
        }
    }

    private static func status(of code: Int) -> HTTPResponse.Status {
        switch code {
        case 20_003: .unauthorized
        case 20_005: .forbidden
        case 20_404: .notFound
        case 20_009: .conflict
        case 20_429: .tooManyRequests
        case 20_500: .internalServerError
        default: .badRequest
        }
    }

    /// What the codes mean, in our words: the vendor's wording changes.
    static let messages: [Int: String] = [
        14_107: "Message rate limit between two numbers exceeded",
        20_003: "Authenticate",
        20_005: "Account not active",
        20_009: "The message is not finished",
        20_404: "The requested resource was not found",
        20_429: "Too many requests",
        20_500: "Internal server error",
        21_211: "Invalid 'To' phone number",
        21_212: "Invalid 'From' phone number",
        21_219: "'To' phone number not verified",
        21_408: "Permission to send to this region is not enabled",
        21_602: "Message body is required",
        21_603: "A 'From' phone number is required",
        21_604: "A 'To' phone number is required",
        21_606: "The 'From' number can not send this message",
        21_608: "The number is unverified; trial accounts can not send to it",
        21_609: "Invalid 'StatusCallback' URL",
        21_610: "Attempt to send to an unsubscribed recipient",
        21_611: "This 'From' number has exceeded the maximum number of queued messages",
        21_612: "The 'To' number is not reachable from this 'From' number",
        21_614: "'To' number is not a mobile number",
        21_617: "The message body exceeds 1600 characters",
        21_620: "Invalid media URL",
        21_623: "Too many media URLs",
        21_703: "The messaging service has no sender",
        21_705: "The messaging service SID is invalid",
        30_001: "Queue overflow",
        30_002: "Account suspended",
        30_003: "Unreachable destination handset",
        30_004: "Message blocked",
        30_005: "Unknown destination handset",
        30_006: "Landline or unreachable carrier",
        30_007: "Message filtered",
        30_008: "Unknown error",
        30_010: "Message price exceeds max price",
        30_022: "A2P rate limit exceeded",
        30_023: "A2P daily message cap reached",
        30_032: "Toll-free number is not verified",
        30_034: "Message from an unregistered number",
        30_036: "Validity period expired",
        30_410: "Provider timeout",
        30_450: "Message delivery blocked",
        63_016: "Outside the allowed window: use a template",
        63_018: "Channel rate limit exceeded",
        63_038: "Daily message limit reached",
    ]
}
