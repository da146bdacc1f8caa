import Core
import HTTPTypes

/// An error in the form of the Graph API.
struct GraphError: Error, Sendable {
    var code: Int
    var status: HTTPResponse.Status
    var details: String?
    var subcode: Int?
    var retryAfter: Int?

    init(_ code: Int, _ details: String? = nil, subcode: Int? = nil, retryAfter: Int? = nil) {
        self.code = code
        self.details = details
        self.subcode = subcode
        self.retryAfter = retryAfter
        status = Self.status(of: code)
    }

    var answer: EmulatorAnswer {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.object("error") { json in
                json.member("message", "(#\(code)) \(Self.title(of: code))")
                json.member("type", "OAuthException")
                json.member("code", code)
                if let subcode { json.member("error_subcode", subcode) }
                if let details {
                    json.object("error_data") { json in
                        json.member("messaging_product", "whatsapp")
                        json.member("details", details)
                    }
                }
                json.member("is_transient", [1, 2, 131_000, 131_016, 133_004].contains(code))
                json.member("fbtrace_id", "A\(EmulatedID.hex(22))")
            }
        }
        var answer = EmulatorAnswer.json(status, json.bytes)
        if let retryAfter { answer.headers[.retryAfter] = "\(retryAfter)" }
        if status == .unauthorized { answer.headers[.wwwAuthenticate] = "OAuth \"Facebook Platform\" \"invalid_token\"" }
        return answer
    }

    /// Whether the platform takes a message and tells of this code by webhook, as a rule.
    static func isReportedLater(_ code: Int) -> Bool {
        [130_472, 131_026, 131_047, 131_049, 131_050, 131_052, 131_053].contains(code)
    }

    static func title(of code: Int) -> String { titles[code] ?? "The request was refused" }

    private static func status(of code: Int) -> HTTPResponse.Status {
        switch code {
        case 0, 190: .unauthorized
        case 10, 200...299, 368, 131_005, 131_031, 130_497: .forbidden
        case 4, 80_007, 130_429, 131_048, 131_056, 133_016: .tooManyRequests
        case 3, 131_000, 131_016, 131_045, 131_057, 133_000: .internalServerError
        case 2, 133_004: .serviceUnavailable
        case 132_001: .notFound
        default: .badRequest
        }
    }

    /// What the codes mean, in few words.
    private static let titles: [Int: String] = [
        0: "AuthException", 1: "An unknown error occurred", 2: "Service temporarily unavailable", 3: "Capability or permissions issue",
        4: "Application request limit reached", 10: "Permission denied", 33: "Parameter value is not valid", 100: "Invalid parameter",
        190: "Invalid OAuth access token", 368: "Temporarily blocked for policy violations", 80_007: "Rate limit hit",
        130_429: "Rate limit hit", 130_472: "User's number is part of an experiment", 130_497: "Restricted in this country",
        131_000: "Something went wrong", 131_005: "Access denied", 131_008: "Required parameter is missing",
        131_009: "Parameter value is not valid", 131_016: "Service unavailable", 131_021: "Recipient cannot be sender",
        131_026: "Message undeliverable", 131_030: "Recipient phone number not in allowed list", 131_031: "Account has been locked",
        131_042: "Business eligibility payment issue", 131_045: "Incorrect certificate", 131_047: "Re-engagement message",
        131_048: "Spam rate limit hit", 131_049: "Not delivered to maintain healthy ecosystem engagement",
        131_050: "User has stopped marketing messages", 131_051: "Unsupported message type", 131_052: "Media download error",
        131_053: "Media upload error", 131_056: "Pair rate limit hit", 131_057: "Account in maintenance mode",
        132_000: "Number of parameters does not match the expected number", 132_001: "Template does not exist in the translation",
        132_005: "Translated text too long", 132_007: "Template format character policy violated",
        132_008: "Parameter value is not valid", 132_012: "Parameter format does not match", 132_015: "Template is paused",
        132_016: "Template is disabled", 133_004: "Server temporarily unavailable", 133_010: "Phone number not registered",
    ]
}
