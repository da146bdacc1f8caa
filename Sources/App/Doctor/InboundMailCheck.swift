/// Where mail comes back, and what has to lead it there.
struct InboundMailCheck: Sendable {
    let settings: Settings

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
            return [.note("returning mail", "\(domain): no INBOUND_SMTP_PORT here; another instance has to listen")]
        }
        let isLocal = ["127.0.0.1", "::1", "localhost"].contains(listener.host)
        return [
            .note(
                "returning mail",
                "\(domain) returns to \(listener.host):\(listener.port)" + (isLocal ? ", which only this machine reaches" : ""),
                "the MX record of \(domain) must lead there on port 25, by itself or through a mail server that relays the domain")
        ]
    }
}
