import FoundationEssentials
import SMTP

extension MailSettings {
    /// - Parameter clientName: the name given to the server in EHLO.
    func configuration(clientName: String) -> SMTPConfiguration {
        let security: SMTPConfiguration.Security =
            switch tls {
            case .starttls: .startTLS
            case .implicit: .implicit
            case .none: .none
            }
        var credentials = SMTPCredentials.none
        if let username, let password { credentials = .password(username: username, password: password) }
        var configuration = SMTPConfiguration(host: host, port: port, security: security, credentials: credentials)
        configuration.maxConnections = maxConnections
        configuration.clientName = clientName
        return configuration
    }

    func sender() throws(SettingsError) -> MailAddress {
        do {
            return try MailAddress(fromEmail)
        } catch {
            throw SettingsError(.smtpFromEmail, "is no mail address")
        }
    }

    /// Adds the DKIM signature to a finished message; nil without a key, which is a valid choice.
    func signature() throws(SettingsError) -> (@Sendable ([UInt8]) throws -> [UInt8])? {
        guard let dkim else { return nil }
        guard let data = FileManager.default.contents(atPath: dkim.keyFile), String(validating: data, as: UTF8.self) != nil else {
            throw SettingsError(.dkimKeyFile, "\(dkim.keyFile) can not be read")
        }
        throw SettingsError(.dkimDomain, "this release does not sign mail yet")
    }
}

extension Settings {
    /// The name for EHLO: the public host name, where there is one.
    var mailClientName: String {
        let host = baseURL.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != ":" }
        return host.contains(".") && host.contains(where: \.isLetter) ? String(host) : "localhost"
    }
}
