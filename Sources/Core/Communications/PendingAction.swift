/// What a client is expected to do next, as far as our messages tell (specification 001, "Communication State in Workflow").
public enum PendingAction: String, Sendable, Hashable, CaseIterable {
    /// Budget strategies were sent; one has to be chosen.
    case reviewBudget = "review_budget"
    /// Vendors were proposed; a combination has to be chosen.
    case selectVendors = "select_vendors"
    /// The finished plan was sent; it has to be looked at.
    case reviewBlueprint = "review_blueprint"

    /// One of a plan's communications, as far as this rule looks at it.
    public struct Message: Sendable, Hashable {
        public var id: CommunicationID
        public var messageType: String
        public var status: CommunicationStatus

        public init(id: CommunicationID = UUIDv7(high: 0, low: 0), messageType: String, status: CommunicationStatus) {
            self.id = id
            self.messageType = messageType
            self.status = status
        }
    }

    /// - Parameters:
    ///   - messages: a plan's communications, newest first.
    ///   - answered: the newest of them to which the client replied with a selection or a confirmation; nil when they did to none.
    ///
    /// The newest message that asks for something decides; one that shows that the step was taken ends the search. A question counts
    /// once it has gone out: nobody can act on what they did not get. A step counts however its own message fared. A reply to a message
    /// answers what was asked with it and before it: people answer the reminder as well as the question.
    public static func pending(newestFirst messages: some Sequence<Message>, answered: CommunicationID? = nil) -> PendingAction? {
        question(newestFirst: messages, answered: answered)?.action
    }

    /// As ``pending(newestFirst:answered:)``, with the message that asks.
    public static func question(
        newestFirst messages: some Sequence<Message>, answered: CommunicationID? = nil
    ) -> (action: PendingAction, message: Message)? {
        for message in messages {
            if stepsTaken.contains(message.messageType) { return nil }
            if let action = asks[message.messageType], hasGoneOut(message.status) {
                if let answered, answered >= message.id { return nil }
                return (action, message)
            }
        }
        return nil
    }

    private static let asks: [String: PendingAction] = [
        "budget_summary": .reviewBudget, "vendor_options": .selectVendors, "blueprint_delivery": .reviewBlueprint,
    ]

    /// Messages that answer the client's own step.
    private static let stepsTaken: Set<String> = ["selection_confirmation"]

    private static func hasGoneOut(_ status: CommunicationStatus) -> Bool {
        switch status {
        case .sent, .delivered, .opened, .clicked: true
        case .pending, .queued, .sending, .failed, .bounced, .suppressed, .cancelled: false
        }
    }
}
