import Communications
import Core
import Providers

/// What comes back of our mail: where it arrives, and what it does.
struct InboundMailSettings: Sendable, Equatable {
    /// Where mail to ``domain`` is taken.
    struct Listener: Sendable, Equatable {
        var host: String
        var port: Int
    }

    /// Nil: mail leaves with the sender's own address as return path.
    var domain: String?
    /// Nil: nothing listens, or another instance does.
    var listener: Listener?
    var policy: BouncePolicy
    var sesTopics: [String]
    /// The key's DER in base64.
    var sendGridKey: String?
    var mailgunKey: String?
    var postmarkSecret: String?

    init(_ source: SettingsSource) throws(SettingsError) {
        domain = try Self.domain(source)
        listener = try Self.listener(source, domain)
        policy = BouncePolicy(
            complaintScope: try source.choice(.complaintScope, BouncePolicy.ComplaintScope.self) ?? .all,
            softBounceLimit: try source.integer(.softBounceLimit, 1...100) ?? BouncePolicy.standard.softBounceLimit,
            softBounceDays: try source.integer(.softBounceDays, 1...365) ?? BouncePolicy.standard.softBounceDays)
        sesTopics = try Self.topics(source)
        sendGridKey = try source.text(.sendGridKey)
        if let sendGridKey {
            guard SendGridSignature(key: sendGridKey) != nil else {
                throw SettingsError(.sendGridKey, "must be the public key as SendGrid shows it (base64 of a P-256 key)")
            }
        }
        mailgunKey = try Self.secret(.mailgunKey, source)
        postmarkSecret = try Self.secret(.postmarkSecret, source)
    }

    private static func domain(_ source: SettingsSource) throws(SettingsError) -> String? {
        guard let text = try source.text(.inboundDomain) else { return nil }
        guard ReturnAddresses.isDomain(text) else {
            throw SettingsError(
                .inboundDomain,
                "must be a domain of at least two labels and at most \(ReturnAddresses.longestDomain) characters, for example "
                    + "bounce.example.org, not '\(text.prefix(60))'")
        }
        return text.lowercased()
    }

    private static func listener(_ source: SettingsSource, _ domain: String?) throws(SettingsError) -> Listener? {
        let host = try source.text(.inboundHost)
        guard let port = try source.integer(.inboundPort, 0...65535) else {
            if host != nil { throw SettingsError(.inboundHost, "is set, but INBOUND_SMTP_PORT is not") }
            return nil
        }
        guard domain != nil else { throw SettingsError(.inboundPort, "is set, but INBOUND_MAIL_DOMAIN is not") }
        if port != 0, try source.integer(.port, 0...65535) ?? 8080 == port {
            throw SettingsError(.inboundPort, "is the same as PORT")
        }
        return Listener(host: host ?? "127.0.0.1", port: port)
    }

    private static func topics(_ source: SettingsSource) throws(SettingsError) -> [String] {
        guard let text = try source.text(.sesTopics) else { return [] }
        let topics = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
        for topic in topics {
            let parts = topic.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "sns", parts.allSatisfy({ !$0.isEmpty })
            else {
                throw SettingsError(.sesTopics, "'\(topic.prefix(60))' is not of the form arn:aws:sns:REGION:ACCOUNT:NAME")
            }
        }
        return topics
    }

    private static func secret(_ setting: Setting, _ source: SettingsSource) throws(SettingsError) -> String? {
        guard let text = try source.text(setting) else { return nil }
        guard text.utf8.count >= 16 else { throw SettingsError(setting, "must have 16 characters or more") }
        return text
    }
}
