import Core
import FoundationEssentials

/// A message of Amazon SNS as it is posted to us. Believed only after ``SNSVerifier`` has seen its signature.
public struct SNSMessage: Sendable, Hashable {
    /// What SNS sends it for.
    public enum Kind: String, Sendable, Hashable {
        case notification = "Notification"
        case subscription = "SubscriptionConfirmation"
        case unsubscription = "UnsubscribeConfirmation"
    }

    public var kind: Kind
    public var id: String
    public var topic: String
    /// For a notification, the provider's JSON.
    public var message: String
    public var timestamp: String
    public var subject: String?
    /// Where a subscription is confirmed.
    public var subscribeURL: String?
    public var token: String?
    public var signatureVersion: String
    public var signature: [UInt8]
    public var certificateURL: String

    /// Nil where it is no message of SNS.
    public init?(_ body: [UInt8]) {
        guard let document = try? JSONDocument(parsing: body) else { return nil }
        let root = document.root
        guard let kind = root["Type"]?.string.flatMap(Kind.init), let id = root["MessageId"]?.string,
            let topic = root["TopicArn"]?.string, let message = root["Message"]?.string, let timestamp = root["Timestamp"]?.string,
            let version = root["SignatureVersion"]?.string, let certificateURL = root["SigningCertURL"]?.string,
            let signature = root["Signature"]?.string.flatMap({ Data(base64Encoded: $0) })
        else { return nil }
        self.kind = kind
        self.id = id
        self.topic = topic
        self.message = message
        self.timestamp = timestamp
        self.certificateURL = certificateURL
        self.signature = Array(signature)
        signatureVersion = version
        subject = root["Subject"]?.string
        subscribeURL = root["SubscribeURL"]?.string
        token = root["Token"]?.string
    }

    /// What the signature is over: names and values, each on a line of its own, in the order of the names.
    var signedText: String {
        var fields = [("Message", message), ("MessageId", id)]
        if kind == .notification {
            if let subject { fields.append(("Subject", subject)) }
        } else {
            fields.append(("SubscribeURL", subscribeURL ?? ""))
        }
        fields.append(("Timestamp", timestamp))
        if kind != .notification { fields.append(("Token", token ?? "")) }
        fields += [("TopicArn", topic), ("Type", kind.rawValue)]
        return fields.map { "\($0.0)\n\($0.1)\n" }.joined()
    }
}
