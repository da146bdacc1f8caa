import Core

/// A text message for Twilio.
public struct TwilioMessage: Sendable {
    /// E.164.
    public var to: String
    public var sender: TwilioSender
    public var body: String
    /// Our own id, which comes back in the query of the status callback.
    public var reference: CommunicationID?

    public init(to: String, sender: TwilioSender, body: String, reference: CommunicationID? = nil) {
        self.to = to
        self.sender = sender
        self.body = body
        self.reference = reference
    }
}

/// What Twilio said when it took a message.
public struct TwilioReceipt: Sendable, Hashable {
    public var sid: String
    /// `queued`, `accepted`, …
    public var status: String
    /// Parts that it is billed for; nil while a messaging service has not chosen a sender.
    public var segments: Int?
    /// Twilio's own id of the request, for its support.
    public var requestID: String?

    public init(sid: String, status: String, segments: Int?, requestID: String? = nil) {
        self.sid = sid
        self.status = status
        self.segments = segments
        self.requestID = requestID
    }
}

/// What a message leaves from.
public enum TwilioSender: Sendable, Hashable {
    /// E.164.
    case number(String)
    /// 3 to 8 digits.
    case shortCode(String)
    /// 1 to 11 letters, digits and spaces with at least one letter; the recipient can not answer it.
    case alphanumeric(String)
    /// A messaging service (`MG…`): Twilio chooses the sender.
    case service(String)

    /// Nil when Twilio would take it for nothing of these.
    public init?(_ text: String) {
        let utf8 = Array(text.utf8)
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        let isLetter = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }
        if utf8.first == UInt8(ascii: "+") {
            guard (8...16).contains(utf8.count), utf8.dropFirst().allSatisfy(isDigit), utf8[1] != UInt8(ascii: "0") else { return nil }
            self = .number(text)
        } else if utf8.allSatisfy(isDigit) {
            guard (3...8).contains(utf8.count) else { return nil }
            self = .shortCode(text)
        } else if utf8.count == 34, utf8.starts(with: "MG".utf8), utf8.dropFirst(2).allSatisfy({ isDigit($0) || isLetter($0) }) {
            self = .service(text)
        } else {
            let allowed = utf8.allSatisfy { isDigit($0) || isLetter($0) || " +-_&".utf8.contains($0) }
            guard (1...11).contains(utf8.count), allowed, utf8.contains(where: isLetter), utf8.first != UInt8(ascii: " "),
                utf8.last != UInt8(ascii: " ")
            else { return nil }
            self = .alphanumeric(text)
        }
    }

    /// As it stands in the settings.
    public var text: String {
        switch self {
        case .number(let text), .shortCode(let text), .alphanumeric(let text), .service(let text): text
        }
    }
}
