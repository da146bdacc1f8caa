/// How far the erasure of a person has come.
public enum ErasureStatus: String, Sendable, Hashable, CaseIterable {
    /// Its day has not come; nothing is sent to the person any more, and it can still be cancelled.
    case scheduled
    case running
    /// Nothing of the person is left.
    case completed
    case cancelled
}
