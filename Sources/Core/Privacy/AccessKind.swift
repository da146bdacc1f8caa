/// What of a client somebody looked at; goes into the access log.
public enum AccessKind: String, Sendable, Hashable, CaseIterable {
    /// Their record by itself.
    case record
    /// Their record among others, as a list or a search shows it.
    case list
    case timeline
    case export
    case preferences
    case communication
    case reply
    /// A message that the sandbox kept.
    case sandbox
    /// What they agreed to, and when.
    case consent
    /// Whether their addresses are on the suppression list, and why.
    case suppression
    /// What was changed about them, and by whom.
    case audit
}
