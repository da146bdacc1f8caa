import Providers
import Web

extension Settings {
    /// How callers reach the server, and how it protects itself.
    struct Access: Sendable {
        var certificateFile: String?
        var keyFile: String?
        var proxies = TrustedProxies.none
        var rates = RequestRates()
        var securityContact: String?
        var oidc: OIDCConfiguration?

        init(_ source: SettingsSource, baseURL: String) throws(SettingsError) {
            oidc = try Self.oidc(source, baseURL)
            if let files = try source.together([.tlsCertificate, .tlsKey]) { (certificateFile, keyFile) = (files[0], files[1]) }
            if let text = try source.text(.trustedProxies) {
                guard let proxies = TrustedProxies(text) else {
                    throw SettingsError(.trustedProxies, "must be networks with commas between them, e.g. 10.0.0.0/8,192.0.2.7")
                }
                self.proxies = proxies
            }
            rates.perCredential = try Self.rate(source, .apiRateLimit)
            // Set and empty is a decision, too.
            if source.raw(.publicRateLimit) != nil { rates.perStranger = try Self.rate(source, .publicRateLimit) }
            if let text = try source.text(.securityContact) {
                guard let contact = SecurityText.contact(text) else {
                    throw SettingsError(.securityContact, "must be a mail address or an address https://…, not '\(text.prefix(60))'")
                }
                securityContact = contact
            }
        }

        private static func rate(_ source: SettingsSource, _ setting: Setting) throws(SettingsError) -> RequestRate? {
            guard let text = try source.text(setting) else { return nil }
            guard let rate = RequestRate(text) else {
                throw SettingsError(setting, "must be of the form requests/seconds, e.g. 600/60, not '\(text.prefix(60))'")
            }
            return rate
        }

        private static func oidc(_ source: SettingsSource, _ baseURL: String) throws(SettingsError) -> OIDCConfiguration? {
            guard let pair = try source.together([.oidcIssuer, .oidcClient]) else {
                for setting in [Setting.oidcSecret, .oidcName] where try source.text(setting) != nil {
                    throw SettingsError(setting, "is set, but OIDC_ISSUER is not")
                }
                return nil
            }
            let configuration = OIDCConfiguration(
                issuer: pair[0], clientID: pair[1], clientSecret: try source.text(.oidcSecret), name: try source.text(.oidcName),
                baseURL: baseURL)
            guard let configuration else {
                throw SettingsError(.oidcIssuer, "must be an address https://… without a query, not '\(pair[0].prefix(60))'")
            }
            return configuration
        }

        func apply(to web: inout WebParts) {
            web.rates = rates
            web.proxies = proxies
            web.securityContact = securityContact
        }

        /// - Throws: ``SettingsError`` that names the file that can not be used.
        func serverTLS() throws(SettingsError) -> ServerTLS? {
            guard let certificateFile, let keyFile else { return nil }
            do {
                return try ServerTLS(certificateFile: certificateFile, keyFile: keyFile)
            } catch {
                switch error {
                case .certificate(let problem): throw SettingsError(.tlsCertificate, problem)
                case .key(let problem): throw SettingsError(.tlsKey, problem)
                }
            }
        }
    }
}
