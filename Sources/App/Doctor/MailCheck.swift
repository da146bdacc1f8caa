import NIOPosix
import SMTP

/// The mail server: can it be reached, does it speak TLS, does it let us in.
struct MailCheck: Sendable {
    let settings: Settings

    func run() async -> [Finding] {
        guard let mail = settings.mail else {
            return [.note("e-mail", "no SMTP_HOST: e-mail stays in the sandbox")]
        }
        do {
            _ = try mail.sender()
            _ = try mail.signer()
        } catch {
            return [.ill("e-mail", error.description, mend: "set it right, then run this again")]
        }
        var configuration = mail.configuration(clientName: settings.mailClientName)
        configuration.maxConnections = 1
        let pool = SMTPPool(configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.any())
        do throws(SMTPFailure) {
            let greeting = try await pool.probe()
            await pool.stop(within: .seconds(1))
            return findings(greeting, mail)
        } catch {
            await pool.stop(within: .seconds(1))
            return [.ill("e-mail", "\(mail.host):\(mail.port): \(error)", mend: Self.remedy(error, mail))]
        }
    }

    private func findings(_ greeting: ServerGreeting, _ mail: MailSettings) -> [Finding] {
        let login = greeting.mechanism.map { "logged in with \($0.rawValue)" } ?? "no login"
        var all = [
            Finding.well(
                "e-mail",
                "\(mail.host):\(mail.port) answers, \(greeting.isEncrypted ? "TLS with a valid certificate" : "not encrypted"), \(login)")
        ]
        if !greeting.isEncrypted, !["localhost", "127.0.0.1", "::1"].contains(mail.host) {
            all.append(.ill("e-mail", "mail travels unencrypted", mend: "set SMTP_TLS to starttls or implicit"))
        }
        return all
    }

    static func remedy(_ failure: SMTPFailure, _ mail: MailSettings) -> String {
        switch failure.phase {
        case .connect: "check SMTP_HOST and SMTP_PORT, and that a firewall lets this machine out to port \(mail.port)"
        case .banner, .hello: "check SMTP_PORT and SMTP_TLS: on port 465 it has to be implicit; else ask the server's operator"
        case .startTLS: "the server does not offer STARTTLS here: try port 587, or SMTP_TLS=implicit with port 465"
        case .tls: "SMTP_HOST must be the name in the server's certificate, and the certificate must be valid"
        case .authentication: "check SMTP_USERNAME and SMTP_PASSWORD; many providers want an app password"
        default: "see the server's answer"
        }
    }
}
