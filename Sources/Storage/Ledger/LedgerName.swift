/// Which of the append-only records.
public enum LedgerName: String, Sendable, Hashable, CaseIterable {
    /// Who changed what.
    case audit
    /// Who agreed to what.
    case consent
}
