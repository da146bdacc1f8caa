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

    /// The DKIM key; nil without one, which is a valid choice.
    func signer() throws(SettingsError) -> DKIMSigner? {
        guard let dkim else { return nil }
        guard let data = FileManager.default.contents(atPath: dkim.keyFile), let pem = String(validating: data, as: UTF8.self) else {
            throw SettingsError(.dkimKeyFile, "\(dkim.keyFile) can not be read")
        }
        let key: DKIMKey
        do {
            key = try DKIMKey(pem)
        } catch {
            throw SettingsError(.dkimKeyFile, "\(dkim.keyFile): \(error)")
        }
        do {
            return try DKIMSigner(domain: dkim.domain, selector: dkim.selector, key: key)
        } catch {
            throw SettingsError(error == .invalidSelector ? .dkimSelector : .dkimDomain, "\(error)")
        }
    }
}

extension Settings {
    /// The name for EHLO: the public host name, where there is one.
    var mailClientName: String {
        let host = baseURL.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != ":" }
        return host.contains(".") && host.contains(where: \.isLetter) ? String(host) : "localhost"
    }
}
