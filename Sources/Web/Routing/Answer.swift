import Core
import HTTPTypes
import Hummingbird
import NIOCore

/// An answer, ready to be sent or to be kept with an idempotency key.
public struct Answer: Sendable {
    public var status: HTTPResponse.Status
    public var body: [UInt8]
    /// Media type of ``body``; nil for an empty one.
    public var contentType: String?
    public var headers: HTTPFields
    /// In place of ``body`` where the answer is written while it is read. For reading routes only: it can not be kept with a key.
    var stream: ResponseBody?
    /// What an idempotency key's repetition gets in place of ``body``: the same without a secret that is shown only once.
    var kept: [UInt8]?
    /// False where trying again may do better: not kept with an idempotency key.
    var isFinal = true

    public init(status: HTTPResponse.Status, body: [UInt8] = [], contentType: String? = nil, headers: HTTPFields = [:]) {
        self.status = status
        self.body = body
        self.contentType = contentType
        self.headers = headers
    }

    /// JSON that is ready.
    public static func json(_ status: HTTPResponse.Status = .ok, bytes: [UInt8]) -> Answer {
        Answer(status: status, body: bytes, contentType: MediaType.json)
    }

    /// A JSON object, written by `members`.
    public static func json(_ status: HTTPResponse.Status = .ok, _ members: (inout JSONWriter) -> Void) -> Answer {
        var writer = JSONWriter()
        writer.object(members)
        return .json(status, bytes: writer.bytes)
    }

    /// One page of a list: `{"items": […], "next_cursor": …}`.
    public static func page<Item>(_ items: [Item], next: Cursor?, _ write: (inout JSONWriter, Item) -> Void) -> Answer {
        var writer = JSONWriter(capacity: 256 + items.count * 512)
        writer.object { json in
            json.array("items") { json in
                for item in items { write(&json, item) }
            }
            json.member("next_cursor", next?.text)
        }
        return .json(bytes: writer.bytes)
    }

    var response: Response {
        var fields = headers
        if let contentType { fields[.contentType] = contentType }
        // Nothing that a caller gets may be kept by something in between.
        if fields[.cacheControl] == nil { fields[.cacheControl] = "no-store" }
        return Response(status: status, headers: fields, body: stream ?? ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

/// The media types of the server's answers.
enum MediaType {
    static let json = "application/json"
    static let problem = "application/problem+json"
    static let text = "text/plain; charset=utf-8"
    static let xml = "text/xml; charset=utf-8"
    static let html = "text/html; charset=utf-8"
    static let javaScript = "text/javascript; charset=utf-8"
    static let css = "text/css; charset=utf-8"
    static let csv = "text/csv; charset=utf-8; header=present"
    static let jsonLines = "application/x-ndjson"
    static let prometheus = "text/plain; version=0.0.4; charset=utf-8"
}
