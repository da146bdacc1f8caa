import Core
import Testing

@Suite("What a client has to do next")
struct PendingActionTests {
    typealias Message = PendingAction.Message

    static let table: [(history: [(String, CommunicationStatus)], action: PendingAction?)] = [
        ([], nil),
        ([("welcome", .delivered)], nil),
        ([("welcome", .sent), ("budget_summary", .sent)], .reviewBudget),
        ([("budget_summary", .opened), ("vendor_options", .delivered)], .selectVendors),
        // Not gone out yet, or never: the question before it still stands.
        ([("budget_summary", .sent), ("vendor_options", .queued)], .reviewBudget),
        ([("budget_summary", .sent), ("vendor_options", .bounced)], .reviewBudget),
        ([("vendor_options", .failed)], nil),
        ([("vendor_options", .cancelled)], nil),
        // The step was taken, whatever became of the confirmation.
        ([("vendor_options", .clicked), ("selection_confirmation", .sent)], nil),
        ([("vendor_options", .clicked), ("selection_confirmation", .suppressed)], nil),
        // Asked again after the confirmation.
        ([("vendor_options", .sent), ("selection_confirmation", .sent), ("vendor_options", .sent)], .selectVendors),
        ([("selection_confirmation", .sent), ("blueprint_delivery", .sent)], .reviewBlueprint),
        // Reminders, errors and a business's own types ask for nothing new.
        ([("vendor_options", .sent), ("reminder", .sent), ("error_notification", .sent), ("newsletter", .sent)], .selectVendors),
    ]

    @Test("the newest question that went out is open until its step is taken", arguments: table.indices)
    func decides(index: Int) {
        let row = Self.table[index]
        let newestFirst = row.history.reversed().map { Message(messageType: $0.0, status: $0.1) }
        #expect(PendingAction.pending(newestFirst: newestFirst) == row.action, "history \(index)")
    }

    @Test("a selection or a confirmation answers what was asked with or before the message that it replies to, and nothing later")
    func replies() {
        let ids = (1...3).map { UUIDv7(high: UInt64($0), low: 0) }
        let (question, reminder, other) = (ids[0], ids[1], ids[2])
        let messages = [
            PendingAction.Message(id: reminder, messageType: "reminder", status: .sent),
            PendingAction.Message(id: question, messageType: "vendor_options", status: .delivered),
        ]
        #expect(PendingAction.pending(newestFirst: messages) == .selectVendors)
        #expect(PendingAction.pending(newestFirst: messages, answered: question) == nil)
        #expect(PendingAction.pending(newestFirst: messages, answered: reminder) == nil)
        // Asked again after the answer: open again.
        let again = [PendingAction.Message(id: other, messageType: "budget_summary", status: .sent)] + messages
        #expect(PendingAction.pending(newestFirst: again, answered: reminder) == .reviewBudget)
        #expect(PendingAction.question(newestFirst: again, answered: reminder)?.message.id == other)
        // Asked again, but it has not gone out: the answer to the earlier one still counts.
        let waiting = [PendingAction.Message(id: other, messageType: "budget_summary", status: .queued)] + messages
        #expect(PendingAction.pending(newestFirst: waiting, answered: reminder) == nil)
    }
}
