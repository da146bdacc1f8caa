import Core

/// SendGrid's event webhook: a list of events.
public enum SendGridWebhook {
    public static let source = "sendgrid"
    /// More than SendGrid sends at once.
    private static let mostEvents = 10_000

    /// - Returns: nil where the body is no list of events; `unknown` are kinds of events that mean nothing to us yet.
    public static func events(_ body: [UInt8]) -> (events: [MailEvent], unknown: [String])? {
        guard let document = try? JSONDocument(parsing: body), document.root.kind == .array else { return nil }
        var events: [MailEvent] = []
        var unknown: [String] = []
        for item in document.root.elements.prefix(mostEvents) {
            guard let kind = item["event"]?.string else {
                unknown.append("malformed")
                continue
            }
            if ["processed", "group_resubscribe"].contains(kind) { continue }
            if let event = event(kind, item) { events.append(event) } else { unknown.append(kind) }
        }
        return (events, unknown)
    }

    private static func event(_ name: String, _ item: JSONView) -> MailEvent? {
        var event = MailEvent(source: source, kind: .delayed, word: name)
        event.communication = item["smtp-id"]?.string.flatMap(MailEvent.communication(ofMessageID:))
        // Behind the first full stop stands which of SendGrid's machines it was.
        event.messageID = item["sg_message_id"]?.string.flatMap { $0.split(separator: ".").first.map(String.init) }
        event.addresses = [item["email"]?.string].compactMap(\.self)
        event.at = item["timestamp"]?.int64.flatMap { $0 >= 0 && $0 < 1 << 40 ? Timestamp(milliseconds: $0 * 1_000) : nil }
        let reason = item["reason"]?.string ?? item["response"]?.string ?? ""
        event.diagnostic = reason
        let status = item["status"]?.string.flatMap { MailStatus(first: $0) }
        switch name {
        case "delivered": event.kind = .delivered
        case "open": event.kind = .opened
        case "click": event.kind = .clicked
        case "deferred": break
        case "bounce":
            // `blocked` is a refusal that SendGrid itself does not hold against the address.
            let type = item["type"]?.string ?? "bounce"
            event.word = "bounce \(type)"
            let judged = BounceRule.judge(status: status, diagnostic: reason)
            event.kind = .bounced(type == "blocked" ? (judged == .soft ? .soft : .refused) : judged)
        case "dropped": event.kind = .bounced(dropped(reason.lowercased()))
        case "spamreport": event.kind = .complained(.abuse)
        case "unsubscribe", "group_unsubscribe": event.kind = .unsubscribed
        default: return nil
        }
        return event
    }

    /// SendGrid did not even try; the reason says why.
    private static func dropped(_ reason: String) -> BounceClass {
        reason.contains("bounced address") || reason.contains("invalid") ? .hard : .refused
    }
}
