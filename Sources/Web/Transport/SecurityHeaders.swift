import HTTPTypes

/// The headers that every answer carries, unless it says something of its own.
struct SecurityHeaders: Sendable {
    private let common: [HTTPField]
    private let closed: [HTTPField]

    /// - Parameter isEncrypted: callers reach the server over TLS only, its own or a proxy's.
    init(isEncrypted: Bool) {
        var common = [
            HTTPField(name: .contentTypeOptions, value: "nosniff"),
            HTTPField(name: .referrerPolicy, value: "no-referrer"),
        ]
        // A year (RFC 6797). Other names of the same domain are the operator's business.
        if isEncrypted { common.append(HTTPField(name: .strictTransportSecurity, value: "max-age=31536000")) }
        self.common = common
        closed = [
            HTTPField(name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'"),
            HTTPField(name: .crossOriginResourcePolicy, value: "same-origin"),
        ]
    }

    func add(to headers: inout HTTPFields) {
        // Images stand in mails, which other sites show.
        let isImage = headers[.contentType]?.hasPrefix("image/") == true
        for field in common where !headers.contains(field.name) { headers.append(field) }
        if isImage { return }
        for field in closed where !headers.contains(field.name) { headers.append(field) }
    }
}
