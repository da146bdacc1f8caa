/// A mail that came to one of our addresses, as far as rules look at it. Everything in it is the sender's word.
public struct InboundMail: Sendable, Hashable {
    /// A header field of the mail.
    public struct Header: Sendable, Hashable {
        /// In lower case.
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What a delivery status notification says of one recipient (RFC 3464).
    public struct Recipient: Sendable, Hashable {
        /// In lower case.
        public var action: String
        public var status: String
        public var diagnostic: String

        public init(action: String, status: String, diagnostic: String) {
            self.action = action
            self.status = status
            self.diagnostic = diagnostic
        }
    }

    /// Empty for the null return path.
    public var envelopeSender: String
    public var headers: [Header]
    /// The media type of the whole, and its `report-type`; in lower case.
    public var mediaType: String
    public var reportType: String
    /// Nil where it holds no delivery report.
    public var recipients: [Recipient]?
    /// The kind of complaint (RFC 5965); nil where it is none.
    public var feedbackType: String?
    /// What a person would read, the beginning of it.
    public var text: String

    public init(
        envelopeSender: String, headers: [Header], mediaType: String = "text/plain", reportType: String = "",
        recipients: [Recipient]? = nil,
        feedbackType: String? = nil, text: String = ""
    ) {
        self.envelopeSender = envelopeSender
        self.headers = headers
        self.mediaType = mediaType
        self.reportType = reportType
        self.recipients = recipients
        self.feedbackType = feedbackType
        self.text = text
    }

    /// The first value of this name, in lower case; empty where there is none.
    func header(_ name: String) -> String {
        headers.first { $0.name == name }?.value.lowercased() ?? ""
    }

    func has(_ name: String) -> Bool { headers.contains { $0.name == name } }
}

/// What a mail to one of our addresses means.
public enum InboundMailMeaning: Sendable, Hashable {
    /// The message did not arrive and never will.
    case bounced(BounceClass, MailStatus?, diagnostic: String)
    /// It waits in a queue somewhere; there may be another word.
    case delayed(MailStatus?, diagnostic: String)
    /// It arrived, or went on to where no more word comes from (`delivered`, `relayed`, `expanded`).
    case arrived(word: String)
    case complaint(FeedbackKind)
    /// A machine answered for a person: out of office, a ticket system, a receipt.
    case automaticReply
    /// Anything else, most likely a person's letter.
    case letter
}

/// Kinds of complaints (RFC 5965, section 7.3, and RFC 6430).
public enum FeedbackKind: String, Sendable, Hashable, CaseIterable {
    case abuse, fraud, virus, other
    /// The opposite of a complaint.
    case notSpam = "not-spam"
    case optOut = "opt-out"

    /// - Parameter text: the type as written; unknown ones count as `other`.
    public init(_ text: String) {
        switch text {
        case "opt-out-list", "unsubscribe": self = .optOut
        default: self = FeedbackKind(rawValue: text) ?? .other
        }
    }

    /// Whether the person wants no more of it.
    public var isComplaint: Bool { self != .notSpam && self != .virus }
}
