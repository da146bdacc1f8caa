import Core

/// Postmark's webhooks: one record each.
public enum PostmarkWebhook {
    public static let source = "postmark"
    /// Carries our own id out; it comes back in `Metadata`, because Postmark replaces the Message-ID.
    public static let referenceHeader = "X-PM-Metadata-communication"

    /// - Returns: nil where the body is no record; `event` is nil for kinds that mean nothing to us.
    public static func record(_ body: [UInt8]) -> (event: MailEvent?, kind: String)? {
        guard let document = try? JSONDocument(parsing: body), let kind = document.root["RecordType"]?.string else { return nil }
        return (event(kind, document.root), String(kind.prefix(40)))
    }

    private static func event(_ kind: String, _ root: JSONView) -> MailEvent? {
        var event = MailEvent(source: source, kind: .delayed, word: kind)
        event.messageID = root["MessageID"]?.string
        event.communication = root["Metadata"]?["communication"]?.string.flatMap { CommunicationID($0) }
        event.addresses = [root["Email"]?.string ?? root["Recipient"]?.string].compactMap(\.self)
        let time = ["BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt"].lazy.compactMap { root[$0]?.string }.first
        event.at = time.flatMap { Timestamp(rfc3339: $0) }
        switch kind {
        case "Delivery": event.kind = .delivered
        case "Open": event.kind = .opened
        case "Click": event.kind = .clicked
        case "SpamComplaint": event.kind = .complained(.abuse)
        case "SubscriptionChange":
            guard root["SuppressSending"]?.bool == true else { return nil }
            // Postmark's word for its own list; bounces and complaints are told by themselves.
            guard root["SuppressionReason"]?.string == "ManualSuppression" else { return nil }
            event.kind = .unsubscribed
        case "Bounce":
            let type = root["Type"]?.string ?? "Unknown"
            event.word = "Bounce \(type)"
            event.diagnostic = root["Details"]?.string ?? root["Description"]?.string ?? ""
            guard let meaning = bounce(type, event.diagnostic) else { return nil }
            event.kind = meaning
        default: return nil
        }
        return event
    }

    private static func bounce(_ type: String, _ details: String) -> MailEvent.Kind? {
        switch type {
        case "HardBounce", "BadEmailAddress", "ManuallyDeactivated": return .bounced(.hard)
        case "SpamComplaint": return .complained(.abuse)
        case "Unsubscribe", "Subscribe": return type == "Unsubscribe" ? .unsubscribed : nil
        case "SoftBounce", "DnsError", "Undeliverable": return .bounced(.soft)
        case "Transient": return .delayed
        case "Blocked", "SpamNotification", "VirusNotification", "DMARCPolicy", "SMTPApiError", "TemplateRenderingFailed",
            "OpenRelayTest", "InboundError", "Unconfirmed":
            return .bounced(.refused)
        // Machines answering for people, and people.
        case "AutoResponder", "AddressChange", "ChallengeVerification", "Notification": return nil
        default: return .bounced(BounceRule.judge(status: MailStatus(first: details), diagnostic: details))
        }
    }
}
