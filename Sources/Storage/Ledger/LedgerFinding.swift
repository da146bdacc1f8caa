import Core

/// What is wrong with a ledger.
public struct LedgerFinding: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with a chain.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// An entry is not what was written.
        case altered
        /// Entries are missing in the middle.
        case removed
        /// Entries are missing at the end.
        case cut
        /// An entry that the product did not write.
        case inserted
        /// An entry stands elsewhere than where it was sealed.
        case moved
        /// What an entry said is gone, and no erasure says why.
        case emptied
        /// What an erasure emptied is there again.
        case restored
        /// The record of the ledger's end was altered or removed.
        case headAltered = "head_altered"
        /// The sealer met an altered end once and went on behind it.
        case repaired
    }

    public var place: LedgerPlace
    public var kind: Kind
    /// Of the entry, or of the first of several.
    public var sequence: Int64?
    /// Of the last of several.
    public var lastSequence: Int64?
    public var entry: UUIDv7?
    /// Which part of it, in words.
    public var details: String

    /// One line.
    public var description: String {
        var text = "\(place.ledger.rawValue): \(kind.rawValue)"
        if let sequence { text += " \(sequence)" }
        if let lastSequence, lastSequence != sequence { text += " to \(lastSequence)" }
        if let entry { text += " (entry \(entry))" }
        return details.isEmpty ? text : text + ": " + details
    }
}

/// What a check of one ledger found.
public struct LedgerReport: Sendable {
    public var place: LedgerPlace
    /// Entries in the chain.
    public var sealed = 0
    /// Entries that the sealer has not come to yet. They are proved by their own codes.
    public var unsealed = 0
    /// Entries whose content an erasure took.
    public var erased = 0
    /// The end of the chain: sequence and hash, to be noted elsewhere.
    public var head: (sequence: Int64, hash: [UInt8])?
    /// The first ``LedgerCheck/limit`` of them.
    public var findings: [LedgerFinding] = []
    public var findingCount = 0

    init(place: LedgerPlace) {
        self.place = place
    }
}
