import HTTPTypes
import Providers

/// A request as the emulators see it: read whole.
struct EmulatorRequest: Sendable {
    var method: HTTPRequest.Method
    /// Between the slashes, as it came: nothing here needs escapes.
    var path: [String]
    var query: [(name: String, value: String)]
    var headers: HTTPFields
    /// The host that was asked for, with its port.
    var host: String
    var body: [UInt8] = []

    /// Nil where the query is not percent-encoded UTF-8.
    init?(method: HTTPRequest.Method, path: String, query: String?, headers: HTTPFields, host: String) {
        guard let fields = FormEncoding.decode((query ?? "").utf8) else { return nil }
        self.method = method
        self.path = path.split(separator: "/").map(String.init)
        self.query = fields.map { (name: $0.0, value: $0.1) }
        self.headers = headers
        self.host = host
    }

    func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The media type without its parameters, in lower case.
    var mediaType: String {
        headers[.contentType]?.split(separator: ";").first.map { $0.lowercased().filter { $0 != " " } } ?? ""
    }
}

/// What an emulator answers, and how the connection ends.
struct EmulatorAnswer: Sendable {
    enum Ending: Sendable {
        case whole
        /// The connection is closed before a byte of the answer.
        case cut
        /// The head announces the whole body, half of it comes, and the connection is closed.
        case incomplete
        /// Nothing ever comes; the connection stays open until the other side closes it.
        case hang
    }

    var status: HTTPResponse.Status
    var contentType: String?
    var headers: HTTPFields = [:]
    var body: [UInt8] = []
    var ending = Ending.whole
    /// Runs when the answer is on its way, so that no callback overtakes it by accident.
    var afterwards: (@Sendable () -> Void)?

    static let json = "application/json"
    static let html = "text/html; charset=utf-8"

    static func json(_ status: HTTPResponse.Status, _ body: [UInt8]) -> EmulatorAnswer {
        EmulatorAnswer(status: status, contentType: json, body: body)
    }

    static func text(_ status: HTTPResponse.Status, _ text: String) -> EmulatorAnswer {
        EmulatorAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    static let cut = EmulatorAnswer(status: .ok, ending: .cut)
    static let hang = EmulatorAnswer(status: .ok, ending: .hang)
}
