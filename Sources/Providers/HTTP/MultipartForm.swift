/// A `multipart/form-data` body (RFC 7578).
struct MultipartForm {
    private let boundary: String
    private var bytes: [UInt8] = []

    init() {
        boundary = "rapport-" + (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()
    }

    var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    /// The whole body.
    var finished: [UInt8] { bytes + Array("--\(boundary)--\r\n".utf8) }

    mutating func append(_ name: String, _ value: String) {
        bytes += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n".utf8
        bytes += value.utf8
        bytes += "\r\n".utf8
    }

    mutating func append(_ name: String, filename: String, contentType: String, _ content: [UInt8]) {
        let disposition = "form-data; name=\"\(name)\"; filename=\"\(Self.quoted(filename))\""
        bytes += "--\(boundary)\r\nContent-Disposition: \(disposition)\r\nContent-Type: \(Self.line(contentType))\r\n\r\n".utf8
        bytes += content
        bytes += "\r\n".utf8
    }

    /// As browsers write it: quotes and line breaks as percent escapes.
    private static func quoted(_ text: String) -> String {
        line(text).replacing("\"", with: "%22")
    }

    private static func line(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }
}
