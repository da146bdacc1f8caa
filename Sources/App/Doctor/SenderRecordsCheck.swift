/// The DNS records by which receivers judge the sender: SPF, DKIM, DMARC.
struct SenderRecordsCheck: Sendable {
    let mail: MailSettings
    /// What the DKIM record should say; nil when the key could not be read.
    var publicRecord: String?
    /// The TXT records of a name; empty when there are none. Throws when nobody could be asked.
    let lookup: @Sendable (_ name: String) throws(DNSFailure) -> [String]

    func run() -> [Finding] {
        guard let domain = mail.fromEmail.split(separator: "@").last.map(String.init), domain.contains(".") else {
            return [.note("sender", "\(mail.fromEmail) has no public domain; its records were not looked up")]
        }
        do throws(DNSFailure) {
            return [try spf(domain), try dmarc(domain), try dkim(domain)]
        } catch {
            return [.note("sender", "the records of \(domain) could not be looked up (\(error.description))")]
        }
    }

    private func spf(_ domain: String) throws(DNSFailure) -> Finding {
        let records = try lookup(domain).filter { $0.lowercased() == "v=spf1" || $0.lowercased().hasPrefix("v=spf1 ") }
        switch records.count {
        case 0:
            return .ill(
                "SPF", "\(domain) has no record",
                mend: "publish TXT for \(domain): \"v=spf1 include:… -all\" with the include of your mail provider")
        case 1: return .well("SPF", records[0])
        default: return .ill("SPF", "\(domain) has \(records.count) records, which counts as none", mend: "merge them into one")
        }
    }

    private func dmarc(_ domain: String) throws(DNSFailure) -> Finding {
        // The record of the organisation's domain holds for its subdomains (RFC 7489, section 6.6.3).
        var labels = domain.split(separator: ".")
        while labels.count >= 2 {
            let name = "_dmarc." + labels.joined(separator: ".")
            if let record = try lookup(name).first(where: { $0.hasPrefix("v=DMARC1") }) { return .well("DMARC", record) }
            labels.removeFirst()
        }
        return .ill(
            "DMARC", "\(domain) has no record", mend: "publish TXT for _dmarc.\(domain): \"v=DMARC1; p=none; rua=mailto:you@\(domain)\"")
    }

    private func dkim(_ domain: String) throws(DNSFailure) -> Finding {
        guard let dkim = mail.dkim else {
            return .note("DKIM", "no key of our own (DKIM_DOMAIN); fine where the mail provider signs")
        }
        let name = "\(dkim.selector)._domainkey.\(dkim.domain)"
        let mend = "publish TXT for \(name): " + (publicRecord ?? "the public key of DKIM_PRIVATE_KEY_FILE")
        guard let record = try lookup(name).first(where: { $0.contains("p=") }) else {
            return .ill("DKIM", "\(name) has no record", mend: mend)
        }
        if let publicRecord, Self.key(in: record) != Self.key(in: publicRecord) {
            return .ill("DKIM", "\(name) holds another key than DKIM_PRIVATE_KEY_FILE", mend: mend)
        }
        guard dkim.domain == domain || domain.hasSuffix("." + dkim.domain) else {
            return .ill(
                "DKIM", "\(dkim.domain) signs for a sender at \(domain), which DMARC does not count", mend: "use the sender's domain")
        }
        return .well("DKIM", "\(name) is published")
    }

    /// The `p=` tag without the spaces that DNS editors like to add.
    private static func key(in record: String) -> String? {
        record.split(separator: ";").map { $0.filter { !$0.isWhitespace } }.first { $0.hasPrefix("p=") }
    }
}
