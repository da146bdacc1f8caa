import Core
import Crypto

/// Mailgun's webhooks: one event each, signed over a time and a token.
public enum MailgunWebhook {
    public static let source = "mailgun"

    /// A webhook as it came, before its signature was seen.
    public struct Envelope: Sendable {
        fileprivate let document: JSONDocument
        public let timestamp: String
        public let token: String
        public let signature: String

        /// Nil where it is no webhook of Mailgun's.
        public init?(_ body: [UInt8]) {
            guard let document = try? JSONDocument(parsing: body), let signature = document.root["signature"],
                let timestamp = signature["timestamp"].flatMap({ $0.string ?? $0.int64.map(String.init) }),
                let token = signature["token"]?.string, let code = signature["signature"]?.string, timestamp.utf8.count <= 20,
                token.utf8.count <= 200
            else { return nil }
            self.document = document
            self.timestamp = timestamp
            self.token = token
            self.signature = code
        }

        /// HMAC-SHA256 over time and token.
        public func isSigned(with key: String) -> Bool {
            let code = HMAC<SHA256>.authenticationCode(for: Array((timestamp + token).utf8), using: SymmetricKey(data: Array(key.utf8)))
            return !key.isEmpty && ConstantTime.equal(Hexadecimal.encode(Array(code)), signature.lowercased())
        }

        /// Whether it was signed within the time in which Mailgun repeats it: eight hours, and some for its clock and ours.
        public func isFresh(at now: Timestamp) -> Bool {
            guard let seconds = Int64(timestamp), seconds >= 0, seconds < 1 << 40 else { return false }
            let age = now.milliseconds / 1_000 - seconds
            return (-300...43_200).contains(age)
        }

        /// What it tells; nil for kinds that mean nothing to us.
        public var event: MailEvent? { MailgunWebhook.event(document.root["event-data"]) }
        /// The kind, for the log.
        public var kind: String { String((document.root["event-data"]?["event"]?.string ?? "malformed").prefix(40)) }
    }

    private static func event(_ data: JSONView?) -> MailEvent? {
        guard let data, let name = data["event"]?.string else { return nil }
        var event = MailEvent(source: source, kind: .delayed, word: name)
        let messageID = data["message"]?["headers"]?["message-id"]?.string
        event.messageID = messageID
        event.communication = messageID.flatMap(MailEvent.communication(ofMessageID:))
        event.addresses = [data["recipient"]?.string].compactMap(\.self)
        if let seconds = data["timestamp"]?.double, seconds >= 0, seconds < 1e12 {
            event.at = Timestamp(milliseconds: Int64(seconds * 1_000))
        }
        let status = data["delivery-status"]
        let words = [status?["message"]?.string, status?["description"]?.string].compactMap(\.self).filter { !$0.isEmpty }
        event.diagnostic = words.joined(separator: " ")
        switch name {
        case "delivered": event.kind = .delivered
        case "opened": event.kind = .opened
        case "clicked": event.kind = .clicked
        case "complained": event.kind = .complained(.abuse)
        case "unsubscribed": event.kind = .unsubscribed
        case "rejected": event.kind = .bounced(.refused)
        case "failed":
            let severity = data["severity"]?.string ?? "permanent"
            let reason = data["reason"]?.string ?? ""
            event.word = "failed \(severity)/\(reason)"
            guard severity == "permanent" else { return event }
            // Mailgun's own list has it: nobody was asked.
            if reason == "suppress-bounce" {
                event.kind = .bounced(.hard)
                return event
            }
            if reason == "suppress-complaint" || reason == "suppress-unsubscribe" {
                event.kind = .bounced(.refused)
                return event
            }
            let code = status?["code"]?.int64.map { "\($0) " } ?? ""
            let enhanced = status?["enhanced-code"]?.string.flatMap { MailStatus(first: $0) }
            event.kind = .bounced(BounceRule.judge(status: enhanced, diagnostic: code + event.diagnostic))
        default: return nil
        }
        return event
    }
}
