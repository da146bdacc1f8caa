/// Where a communication stands. `pending` → `queued` → `sending` → `sent` → `delivered` → `opened` → `clicked`,
/// or one of the other ends.
public enum CommunicationStatus: String, Sendable, Hashable, CaseIterable {
    /// Waits for its time or its batch.
    case pending
    /// Due.
    case queued
    /// An attempt has begun.
    case sending
    case sent, delivered, opened, clicked
    case failed, bounced, suppressed, cancelled
}
