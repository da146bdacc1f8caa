import Core

/// What came of a round of receipts.
public struct ReceiptSummary: Sendable {
    /// A status that a communication reached by a receipt.
    public struct Reached: Sendable {
        public var communication: CommunicationID
        public var business: BusinessID
        public var clientID: ClientID
        public var messageType: String
        public var channel: Channel
        public var status: CommunicationStatus
        public var at: Timestamp
        /// From `sent` to word of delivery, in milliseconds, where this receipt brought it.
        public var deliveryTime: Int64?
    }

    /// Reports that found their communication.
    public var matched = 0
    /// Reports that were kept until their message is known.
    public var kept = 0
    /// Reports that name nothing that could be a message.
    public var refused = 0
    public var reached: [Reached] = []
    /// Channels given up for the next one.
    public var fallbacks: [Channel] = []
    public var retries: [Channel] = []
    /// Whose consent failures changed; to be settled once the transaction is durable and before anything is acknowledged.
    public var consentChanges: [ConsentChange] = []

    public init() {}
}
