import Core

/// Which outside API is emulated.
public enum EmulatedProvider: String, Sendable, Hashable, CaseIterable {
    case twilio, whatsapp
}

/// A message that an emulator took, or that a person sent through it.
public struct EmulatedMessage: Sendable, Hashable {
    /// As seen from the product.
    public enum Direction: String, Sendable, Hashable {
        case outbound, inbound
        /// An answer that the product gave in its answer to an inbound webhook.
        case reply
    }

    /// One status and when it was reached.
    public struct Passage: Sendable, Hashable {
        public var status: MessageStatus
        public var at: Timestamp
    }

    /// The provider's id: `SM…` or `wamid.…`.
    public var id: String
    public var provider: EmulatedProvider
    public var direction: Direction
    /// The sender: a number in E.164, a name, or for WhatsApp the phone number id.
    public var from: String
    /// The recipient in E.164.
    public var to: String
    /// What a person reads: the text, a template with its parameters filled in, or a caption.
    public var body: String
    /// `text`, `template`, `document`, `image`, `button`, …
    public var kind = "text"
    /// The template's name and language.
    public var template: String?
    /// Addresses or ids of what is attached.
    public var media: [String] = []
    public var messagingService: String?
    /// Where statuses of this message go.
    public var callbackURL: String?
    /// What the sender wants back with every status (`biz_opaque_callback_data`).
    public var reference: String?
    /// Seconds that the message may wait at the provider.
    public var validity: Int?
    /// The body of the request as it came.
    public var request: [UInt8] = []
    public internal(set) var passages: [Passage]
    public internal(set) var errorCode: Int?
    public internal(set) var isDeleted = false
    public var createdAt: Timestamp
    /// Counts all messages of an emulator, from 1.
    public internal(set) var number = 0

    /// Where the message is now.
    public var status: MessageStatus { passages.last?.status ?? .queued }

    /// When it left for the recipient; nil before.
    public var sentAt: Timestamp? { passages.first { $0.status == .sent || $0.status == .delivered }?.at }
}

/// The statuses of both providers.
public enum MessageStatus: String, Sendable, Hashable, CaseIterable {
    case accepted, scheduled, queued, sending, sent, delivered, undelivered, failed, canceled, read, receiving, received
}
