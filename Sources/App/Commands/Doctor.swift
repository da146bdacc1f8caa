import ArgumentParser
import SMTP

/// Says what is wrong, and what to do about it.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Check database, encryption key, Redis, mail server, the DNS records of mail, Twilio, WhatsApp and OIDC; say what to mend.",
        discussion: "Changes nothing and sends nothing. Exit status 1 when something has to be mended.")

    @OptionGroup var configuration: ConfigurationOptions

    func run() async throws {
        let settings = try configuration.settings()
        var findings = [Finding.well("settings", "no contradictions")]
        findings += PublicAddressCheck(settings: settings).run()
        findings += await DatabaseCheck(settings: settings).run()
        findings += await CacheCheck(settings: settings).run()
        findings += await MailCheck(settings: settings).run()
        if let mail = settings.mail {
            let record = (try? mail.signer())?.key.dnsRecord
            findings += SenderRecordsCheck(mail: mail, publicRecord: record, lookup: DNSResolver.texts).run()
        }
        findings += InboundMailCheck(settings: settings, lookup: DNSResolver.exchanges).run()
        findings += await ProviderChecks(settings: settings).run()
        findings += await OIDCCheck(settings: settings).run()
        for finding in findings { Console.say(finding.lines) }
        let ill = findings.count { $0.verdict == .ill }
        Console.say(ill == 0 ? "\nNothing to mend." : "\n\(ill) to mend.")
        if ill > 0 { throw ExitCode.failure }
    }
}
