/// The mail server and who sends through it.
struct MailSettings: Sendable, Equatable {
    enum TLS: String, Sendable, CaseIterable {
        case starttls, implicit, none
    }

    struct DKIM: Sendable, Equatable {
        var domain: String
        var selector: String
        var keyFile: String
    }

    var host: String
    var port: Int
    var tls: TLS
    var username: String?
    var password: String?
    var fromEmail: String
    var fromName: String?
    var maxConnections: Int
    var dkim: DKIM?

    /// Nil without a mail server: e-mail stays in the sandbox.
    init?(_ source: SettingsSource) throws(SettingsError) {
        guard let host = try source.text(.smtpHost) else {
            for setting in [Setting.smtpUsername, .smtpPassword, .smtpFromEmail, .dkimDomain] where try source.text(setting) != nil {
                throw SettingsError(setting, "is set, but SMTP_HOST is not")
            }
            return nil
        }
        guard host.unicodeScalars.allSatisfy({ $0.properties.isAlphabetic || $0.isASCII && ".-:0123456789[]".unicodeScalars.contains($0) })
        else {
            throw SettingsError(.smtpHost, "must be a host name without scheme or path, not '\(host.prefix(60))'")
        }
        self.host = host
        tls = try source.choice(.smtpTLS, TLS.self) ?? .starttls
        port = try source.integer(.smtpPort, 1...65535) ?? (tls == .implicit ? 465 : 587)
        if tls == .starttls, port == 465 { throw SettingsError(.smtpTLS, "port 465 speaks TLS from its first byte; set implicit") }
        if tls == .implicit, port == 587 || port == 25 {
            throw SettingsError(.smtpTLS, "port \(port) begins in clear; set starttls")
        }
        let login = try source.together([.smtpUsername, .smtpPassword])
        username = login?.first
        password = login?.last
        guard let from = try source.text(.smtpFromEmail) else {
            throw SettingsError(.smtpFromEmail, "is required with SMTP_HOST")
        }
        let parts = from.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !from.contains(where: { $0.isWhitespace || "<>,;\"".contains($0) })
        else {
            throw SettingsError(.smtpFromEmail, "must be one plain address, not '\(from.prefix(60))'")
        }
        fromEmail = from
        fromName = try source.text(.smtpFromName)
        maxConnections = try source.integer(.smtpMaxConnections, 1...100) ?? 8
        dkim = try source.together([.dkimDomain, .dkimSelector, .dkimKeyFile]).map { DKIM(domain: $0[0], selector: $0[1], keyFile: $0[2]) }
    }
}
