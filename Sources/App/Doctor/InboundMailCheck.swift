/// Where mail comes back, and what has to lead it there.
struct InboundMailCheck: Sendable {
    let settings: Settings
    /// Where mail to a domain goes; empty where nothing says it. Throws when nobody could be asked.
    let lookup: @Sendable (_ domain: String) throws(DNSFailure) -> [MailExchange]

    func run() -> [Finding] {
        guard settings.mail != nil else { return [] }
        guard let domain = settings.inbound.domain else {
            return [
                .note(
                    "returning mail", "no INBOUND_MAIL_DOMAIN: bounces go to \(settings.mail?.fromEmail ?? "the sender") and stay unread",
                    "set it, or one of the mail providers' webhooks (docs/operations.md)")
            ]
        }
        guard let listener = settings.inbound.listener else {
            return [exchange(domain), .note("returning mail", "\(domain): no INBOUND_SMTP_PORT here; another instance has to listen")]
        }
        let isLocal = ["127.0.0.1", "::1", "localhost"].contains(listener.host)
        return [
            exchange(domain),
            .note(
                "returning mail",
                "\(domain) returns to \(listener.host):\(listener.port)" + (isLocal ? ", which only this machine reaches" : ""),
                "the MX record of \(domain) must lead there on port 25, by itself or through a mail server that relays the domain"),
        ]
    }

    /// Servers without an MX record to go by try the domain's own address (RFC 5321, section 5.1), which few domains of this kind have.
    private func exchange(_ domain: String) -> Finding {
        let mend = "publish MX for \(domain): 10 and the name of the host that takes its mail on port 25"
        do throws(DNSFailure) {
            let exchanges = try lookup(domain).sorted { ($0.preference, $0.host) < ($1.preference, $1.host) }
            guard let first = exchanges.first else { return .ill("MX", "\(domain) has no record: bounces find no way back", mend: mend) }
            // RFC 7505.
            if first.host.isEmpty { return .ill("MX", "\(domain) says that it takes no mail", mend: mend) }
            return .well("MX", "mail to \(domain) goes to \(exchanges.map(\.host).joined(separator: ", "))")
        } catch {
            return .note("MX", "the record of \(domain) could not be looked up (\(error.description))")
        }
    }
}
