import Core
import Synchronization

/// Numbers the events of the delivery log: rising within a process, and with the clock across processes.
final class LogSequence: Sendable {
    static let shared = LogSequence()

    private let last = Atomic<Int64>(0)

    /// The next number: the time in milliseconds above 20 random bits, or one more than the last.
    func next(at now: Timestamp) -> Int64 {
        // 43 bits of milliseconds reach the year 2248; the clamp keeps a wild clock from overflowing.
        let milliseconds = min(max(now.milliseconds, 0), 1 << 42)
        var fresh: Int64?
        while true {
            let previous = last.load(ordering: .relaxed)
            var next = previous &+ 1
            // Random numbers come from the kernel: one for each millisecond is enough.
            if previous >> 20 < milliseconds {
                next = fresh ?? (milliseconds << 20 | Int64.random(in: 0..<(1 << 20)))
                fresh = next
            }
            if last.compareExchange(expected: previous, desired: next, ordering: .relaxed).exchanged { return next }
        }
    }
}

/// Events that are not part of the hot statements.
public enum DeliveryLog {
    /// Appends one event of `id`.
    public static func append(
        _ type: String, _ id: CommunicationID, channel: Channel? = nil, at: Timestamp? = nil, provider: String? = nil,
        providerMessageID: String? = nil, details: String? = nil, _ tx: Transaction
    ) throws(DatabaseError) {
        try tx.execute(
            """
            INSERT INTO crm_delivery_logs (communication_id, log_id, event_type, event_timestamp, channel, provider, provider_message_id,
                error_details)
            VALUES (\(id), \(LogSequence.shared.next(at: tx.now)), \(type), \(at ?? tx.now), \(channel?.rawValue), \(provider),
                \(providerMessageID), \(details))
            """)
    }
}
