import Core
import HTTPTypes
import Hummingbird
import NIOCore

/// Reads a request's body into one array, counting while it streams in.
enum BodyReader {
    /// The body, and the place that it takes if it is large.
    ///
    /// - Parameter patience: for the whole body. The connection's own limit ends silence only, not a byte now and then.
    static func read(
        _ request: Request, _ rule: BodyRule, _ large: LargeBodies, business: BusinessID? = nil, patience: Duration = .seconds(300)
    ) async throws -> ([UInt8], LargeBodies.Place?) {
        if rule == .none { return ([], nil) }
        // More than a number can say is more than anyone may send.
        let announced = request.headers[.contentLength].map { Int($0) ?? .max }
        if let announced, announced > rule.limit { throw Refusal.payloadTooLarge }
        // A wrong type is said before megabytes of it arrive.
        if announced ?? 1 > 0 { try checkMediaType(of: request, rule, isEmpty: announced == nil ? nil : false) }
        // A place is for what has come, not for what was announced.
        var place: LargeBodies.Place?
        var bytes: [UInt8] = []
        let start = ContinuousClock.now
        for try await buffer in request.body {
            let count = bytes.count + buffer.readableBytes
            guard count <= rule.limit else { throw Refusal.payloadTooLarge }
            guard start.duration(to: .now) < patience else { throw Refusal.badRequest("The body took too long to arrive.") }
            if place == nil, count > LargeBodies.threshold { place = try large.enter(business) }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        if !bytes.isEmpty { try checkMediaType(of: request, rule, isEmpty: false) }
        return (bytes, place)
    }

    /// - Parameter isEmpty: nil while nobody knows.
    private static func checkMediaType(of request: Request, _ rule: BodyRule, isEmpty: Bool?) throws(Refusal) {
        if case .raw = rule { return }
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" { throw .unsupportedMediaType }
        guard let type = request.headers[.contentType] else {
            if isEmpty == false { throw .unsupportedMediaType }
            return
        }
        guard accepts(type, rule) else { throw .unsupportedMediaType }
    }

    private static func accepts(_ header: String, _ rule: BodyRule) -> Bool {
        let parts = header.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed.lowercased() }
        guard let type = parts.first else { return false }
        if case .form = rule { return type == "application/x-www-form-urlencoded" }
        guard type == "application/json" || type.hasPrefix("application/") && type.hasSuffix("+json") else { return false }
        // JSON between systems is UTF-8 (RFC 8259, section 8.1); whoever says otherwise sends something else.
        return parts.dropFirst().allSatisfy { !$0.hasPrefix("charset=") || ["charset=utf-8", "charset=\"utf-8\""].contains($0) }
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
