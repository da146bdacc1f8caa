/// What a node of the outside workflow makes us send (specification 001, "LangGraph Node Hooks").
public struct WorkflowHook: Sendable, Hashable {
    /// The node's name as the workflow reports it.
    public var node: String
    /// The name of a built-in message type.
    public var messageType: String
    public var urgency: Urgency
    /// In order: the first one, then those that stand in for it.
    public var channels: [Channel]

    public init(node: String, messageType: String, urgency: Urgency, channels: [Channel]) {
        self.node = node
        self.messageType = messageType
        self.urgency = urgency
        self.channels = channels
    }

    /// Every node that sends something.
    public static let table: [WorkflowHook] = [
        WorkflowHook(node: "initialize_planning", messageType: "welcome", urgency: .normal, channels: [.email]),
        WorkflowHook(node: "budget_allocation_node", messageType: "budget_summary", urgency: .normal, channels: [.email]),
        WorkflowHook(node: "beam_search_node", messageType: "vendor_options", urgency: .high, channels: [.email, .whatsapp]),
        WorkflowHook(node: "client_selection", messageType: "selection_confirmation", urgency: .normal, channels: [.email, .sms]),
        WorkflowHook(node: "blueprint_generation", messageType: "blueprint_delivery", urgency: .high, channels: [.email, .whatsapp]),
        WorkflowHook(node: "error_handler", messageType: "error_notification", urgency: .critical, channels: [.sms, .email]),
    ]

    /// The hook of a node; nil when the node sends nothing.
    public static func hook(for node: String) -> WorkflowHook? {
        table.first { $0.node == node }
    }
}
