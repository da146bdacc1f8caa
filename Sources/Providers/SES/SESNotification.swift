import Core

/// What Amazon SES tells through SNS: notifications of an identity and events of a configuration set, which differ in little.
public enum SESNotification {
    public static let source = "ses"

    /// - Returns: nil where it is none; nothing where nothing of it concerns us (`Send`, `Rendering Failure`).
    public static func events(_ json: String) -> [MailEvent]? {
        guard let document = try? JSONDocument(parsing: Array(json.utf8)) else { return nil }
        let root = document.root
        guard let type = root["notificationType"]?.string ?? root["eventType"]?.string else { return nil }
        var event = MailEvent(source: source, kind: .delayed, word: type)
        let mail = root["mail"]
        event.messageID = mail?["messageId"]?.string
        event.communication = communication(mail)
        switch type {
        case "Bounce": return bounces(root["bounce"], event)
        case "Complaint": return [complaint(root["complaint"], event)]
        case "Delivery":
            event.kind = .delivered
            event.at = time(root["delivery"]?["timestamp"])
            event.addresses = root["delivery"]?["recipients"]?.elements.prefix(10).compactMap(\.string) ?? []
            return [event]
        case "DeliveryDelay":
            event.at = time(root["deliveryDelay"]?["timestamp"])
            event.word = "DeliveryDelay \(root["deliveryDelay"]?["delayType"]?.string ?? "")"
            return [event]
        case "Open":
            event.kind = .opened
            event.at = time(root["open"]?["timestamp"])
            return [event]
        case "Click":
            event.kind = .clicked
            event.at = time(root["click"]?["timestamp"])
            return [event]
        case "Reject":
            event.kind = .bounced(.refused)
            event.diagnostic = root["reject"]?["reason"]?.string ?? ""
            return [event]
        case "Subscription":
            event.kind = .unsubscribed
            event.at = time(root["subscription"]?["timestamp"])
            return [event]
        default:
            return []
        }
    }

    private static func bounces(_ bounce: JSONView?, _ event: MailEvent) -> [MailEvent] {
        var event = event
        let type = bounce?["bounceType"]?.string ?? "Undetermined"
        let subtype = bounce?["bounceSubType"]?.string ?? ""
        event.word = "Bounce \(type)/\(subtype)"
        event.at = time(bounce?["timestamp"])
        let recipients = bounce?["bouncedRecipients"].map { Array($0.elements.prefix(10)) } ?? []
        event.addresses = recipients.compactMap { $0["emailAddress"]?.string }
        event.diagnostic = recipients.lazy.compactMap { $0["diagnosticCode"]?.string }.first ?? ""
        let status = recipients.lazy.compactMap { $0["status"]?.string }.first.flatMap { MailStatus(first: $0) }
        event.kind = .bounced(judge(type, subtype, status, event.diagnostic))
        return [event]
    }

    /// SES has judged already; the code of the receiving server only says more where SES says little.
    private static func judge(_ type: String, _ subtype: String, _ status: MailStatus?, _ diagnostic: String) -> BounceClass {
        switch (type, subtype) {
        case ("Permanent", "ContentRejected"), ("Permanent", "AttachmentRejected"), ("Permanent", "MessageTooLarge"),
            ("Transient", "ContentRejected"), ("Transient", "AttachmentRejected"), ("Transient", "MessageTooLarge"):
            return .refused
        // SES's own list has it: nobody was asked.
        case ("Permanent", "Suppressed"), ("Permanent", "OnAccountSuppressionList"): return .hard
        case ("Permanent", _):
            // Refused for its content is permanent too, and no fault of the address.
            return BounceRule.judge(status: status, diagnostic: diagnostic) == .refused ? .refused : .hard
        case ("Transient", _): return .soft
        default: return BounceRule.judge(status: status, diagnostic: diagnostic)
        }
    }

    private static func complaint(_ complaint: JSONView?, _ event: MailEvent) -> MailEvent {
        var event = event
        let type = complaint?["complaintFeedbackType"]?.string ?? "abuse"
        event.kind = .complained(FeedbackKind(type))
        event.word = "Complaint \(type)"
        event.at = time(complaint?["timestamp"])
        event.addresses = complaint?["complainedRecipients"]?.elements.prefix(10).compactMap { $0["emailAddress"]?.string } ?? []
        return event
    }

    /// SES replaces the Message-ID, but tells what it was.
    private static func communication(_ mail: JSONView?) -> CommunicationID? {
        if let id = mail?["commonHeaders"]?["messageId"]?.string, let found = MailEvent.communication(ofMessageID: id) { return found }
        for header in mail?["headers"].map({ Array($0.elements.prefix(200)) }) ?? []
        where header["name"]?.string?.lowercased() == "message-id" {
            if let found = header["value"]?.string.flatMap(MailEvent.communication(ofMessageID:)) { return found }
        }
        return nil
    }

    /// The envelope sender, which may be an address of ours that names the communication.
    public static func envelopeSender(_ json: String) -> String? {
        (try? JSONDocument(parsing: Array(json.utf8)))?.root["mail"]?["source"]?.string
    }

    private static func time(_ value: JSONView?) -> Timestamp? {
        value?.string.flatMap { Timestamp(rfc3339: $0) }
    }
}
