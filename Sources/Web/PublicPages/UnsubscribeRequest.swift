import Core
import HTTPTypes

/// What a POST to an unsubscribe link says (RFC 8058): by a mail program's button, or by the form of our own page.
struct UnsubscribeRequest: Sendable, Equatable {
    /// Whether everything is to stop, not only marketing.
    var stopsEverything = false
    /// Whether the person saw our page. A mail program shows words of its own.
    var isFromPage = false

    /// Nil unless the body is a form that says `List-Unsubscribe=One-Click`.
    init?(contentType: String?, body: [UInt8]) {
        let fields = FormFields.read(contentType: contentType, body: body)
        guard fields["List-Unsubscribe"] == "One-Click" else { return nil }
        stopsEverything = fields["scope"] == "all"
        isFromPage = fields["page"] == "1"
    }
}

/// The fields of a small form in either of the forms that HTML knows; of those that occur twice the first.
enum FormFields {
    private static let most = 64

    static func read(contentType: String?, body: [UInt8]) -> [String: String] {
        let parts = (contentType ?? "").split(separator: ";").map(\.trimmed)
        let pairs: [(String, String)]
        switch parts.first?.lowercased() {
        case "application/x-www-form-urlencoded": pairs = urlEncoded(body)
        case "multipart/form-data": pairs = boundary(parts.dropFirst()).map { multipart(body, boundary: $0) } ?? []
        default: pairs = []
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    private static func urlEncoded(_ body: [UInt8]) -> [(String, String)] {
        body.split(separator: UInt8(ascii: "&")).prefix(most).compactMap { pair in
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = halves.first.flatMap({ PercentDecoding.decode(Array($0), plusIsSpace: true) }),
                let value = PercentDecoding.decode(halves.count == 2 ? Array(halves[1]) : [], plusIsSpace: true)
            else { return nil }
            return (name, value)
        }
    }

    private static func boundary(_ parameters: ArraySlice<Substring>) -> String? {
        guard let parameter = parameters.first(where: { $0.lowercased().hasPrefix("boundary=") }) else { return nil }
        var value = parameter.dropFirst("boundary=".count)
        if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
        return (1...70).contains(value.utf8.count) ? String(value) : nil
    }

    /// RFC 7578, as far as it concerns short texts.
    private static func multipart(_ body: [UInt8], boundary: String) -> [(String, String)] {
        let parts = String(decoding: body, as: UTF8.self).split(separator: "--\(boundary)", omittingEmptySubsequences: false)
        // What stands before the first boundary is nobody's.
        return parts.dropFirst().prefix(most).compactMap { part in
            guard let gap = part.ranges(of: "\r\n\r\n").first, let name = name(in: part[..<gap.lowerBound]) else { return nil }
            var value = part[gap.upperBound...]
            if value.hasSuffix("\r\n") { value = value.dropLast() }
            return (name, String(value))
        }
    }

    private static func name(in head: Substring) -> String? {
        guard let start = head.ranges(of: " name=\"").first?.upperBound, let end = head[start...].firstIndex(of: "\"") else { return nil }
        return String(head[start..<end])
    }
}
