/// Why a message may be sent at all: what someone asked for, or advertising.
public enum MessageCategory: String, Sendable, Hashable, CaseIterable {
    case transactional, marketing
}

/// A kind of message with its defaults; `name` also names its templates.
public struct MessageType: Sendable, Hashable {
    public var name: String
    public var category: MessageCategory
    public var defaultUrgency: Urgency
    /// Channels in the order in which this type prefers them.
    public var channels: [Channel]
    /// Seconds after `sent` without word of delivery after which the next channel begins; nil: only a failure moves it on.
    public var fallbackAfter: Int?
    /// The topic that clients may refuse; nil: none.
    public var topic: String?

    /// Whether clients may refuse it while they take other messages.
    public var isRefusable: Bool { category == .marketing || topic != nil }

    public init(
        name: String, category: MessageCategory, defaultUrgency: Urgency, channels: [Channel], fallbackAfter: Int? = nil,
        topic: String? = nil
    ) {
        self.name = name
        self.category = category
        self.defaultUrgency = defaultUrgency
        self.channels = channels
        self.fallbackAfter = fallbackAfter
        self.topic = topic
    }
}
