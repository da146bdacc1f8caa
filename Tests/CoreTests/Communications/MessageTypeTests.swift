import Core
import Testing

@Suite("Message types and workflow hooks")
struct MessageTypeTests {
    @Test("the built-in types are there, transactional, with distinct channels")
    func builtIn() {
        #expect(
            MessageType.builtIn.map(\.name) == [
                "welcome", "budget_summary", "vendor_options", "selection_confirmation", "blueprint_delivery", "error_notification",
                "reminder", "opt_in_request", "preferences_updated", "preferences_link",
            ])
        for type in MessageType.builtIn {
            #expect(type.category == .transactional)
            #expect(MessageTypeFields.name(type.name) == nil && MessageTypeFields.channels(type.channels) == nil)
        }
        #expect(MessageType.builtIn(named: "nothing") == nil)
    }

    @Test(
        "each workflow node sends what the contract says, and its type's defaults agree",
        arguments: [
            ("initialize_planning", "welcome", .normal, [.email]), ("budget_allocation_node", "budget_summary", .normal, [.email]),
            ("beam_search_node", "vendor_options", .high, [.email, .whatsapp]),
            ("client_selection", "selection_confirmation", .normal, [.email, .sms]),
            ("blueprint_generation", "blueprint_delivery", .high, [.email, .whatsapp]),
            ("error_handler", "error_notification", .critical, [.sms, .email]),
        ] as [(String, String, Urgency, [Channel])])
    func hooks(node: String, type: String, urgency: Urgency, channels: [Channel]) throws {
        let hook = try #require(WorkflowHook.hook(for: node))
        #expect(hook == WorkflowHook(node: node, messageType: type, urgency: urgency, channels: channels))
        let messageType = try #require(MessageType.builtIn(named: type))
        #expect(messageType.defaultUrgency == urgency && messageType.channels == channels)
        #expect(WorkflowHook.table.count == 6 && WorkflowHook.hook(for: "other") == nil)
    }

    @Test(
        "names of types are plain identifiers",
        arguments: ["", "Welcome", "1st", "_x", "a-b", "a b", "é", "a/b", String(repeating: "a", count: 65)])
    func badNames(name: String) {
        #expect(MessageTypeFields.name(name) != nil)
        #expect(MessageTypeFields.name("a1_b") == nil)
        #expect(MessageTypeFields.channels([]) != nil && MessageTypeFields.channels([.sms, .sms]) != nil)
    }
}
