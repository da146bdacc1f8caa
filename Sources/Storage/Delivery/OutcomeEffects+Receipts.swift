import Core

extension AttemptOutcome {
    /// By what its provider will name the message in receipts; nil where none will come: e-mail has none, the sandbox tells nothing.
    var receiptID: String? {
        guard channel != .email, !sandbox, case .sent(let messageID?, _) = result, !messageID.isEmpty else { return nil }
        return messageID
    }
}

/// What makes it possible to understand receipts later.
extension OutcomeEffects {
    /// Which message of the provider it became, and until when a receipt is waited for.
    func writeReceiptRows(_ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        guard let messageID = outcome.receiptID else { return }
        for id in [outcome.id] + outcome.members {
            try emit(providerMessage(messageID, of: id, sequence: LogSequence.shared.next(at: now)))
        }
        try writeDeadline(emit)
    }

    func writeDeadline(_ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        guard let seconds = outcome.fallbackAfter, let messageID = outcome.receiptID else { return }
        try emit(
            ReceiptDeadline(
                communication: outcome.id, provider: outcome.provider, messageID: messageID, seconds: seconds,
                due: outcome.finishedAt.adding(seconds: Int64(seconds))
            ).insertion)
    }

    /// Of an attempt whose lease a successor took over: it is a copy, never the newest message.
    func lateProviderMessage() -> SQL? {
        outcome.receiptID.map { providerMessage($0, of: outcome.id, sequence: 0) }
    }

    private func providerMessage(_ messageID: String, of id: CommunicationID, sequence: Int64) -> SQL {
        """
        INSERT INTO crm_provider_messages (provider, provider_message_id, communication_id, business_id, client_id, channel, attempt,
            sequence)
        SELECT \(outcome.provider), \(messageID), communication_id, business_id, client_id, \(outcome.channel), \(outcome.attempt), \(sequence)
        FROM crm_communications WHERE communication_id = \(id)
        ON CONFLICT (provider_message_id, provider, communication_id) DO NOTHING
        """
    }
}

/// Until when word of a delivery is waited for.
struct ReceiptDeadline {
    var communication: CommunicationID
    var provider: String
    var messageID: String
    var seconds: Int
    var due: Timestamp

    /// In place of the one of an earlier message. Selected from the communication, which may have been erased.
    var insertion: SQL {
        """
        INSERT INTO crm_receipt_deadlines (communication_id, provider, provider_message_id, seconds, due_at)
        SELECT communication_id, \(provider), \(messageID), \(seconds), \(due.milliseconds)
        FROM crm_communications WHERE communication_id = \(communication)
        ON CONFLICT (communication_id) DO UPDATE SET provider = excluded.provider, provider_message_id = excluded.provider_message_id,
            seconds = excluded.seconds, due_at = excluded.due_at
        """
    }
}
