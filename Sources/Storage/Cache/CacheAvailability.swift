/// Whether the cache server answers, and which deletions it still owes us. Pure: who holds it decides when to ask again.
struct CacheAvailability {
    /// Above so many, everything is deleted instead: remembering more costs more than reading it all again.
    static let mostOutstanding = 10_000

    private(set) var isAway = false
    /// Why, in words for operators.
    private(set) var problem: String?
    /// Keys with the number of their last deletion.
    private var outstanding: [String: UInt64] = [:]
    private var lastDeletion: UInt64 = 0
    private var everythingSince: UInt64?

    /// What has to be deleted before anything may be read.
    struct Debt: Equatable {
        var keys: [String]
        /// Keys are not known one by one any more.
        var isEverything: Bool
        fileprivate var upTo: UInt64
    }

    /// Notes deletions before they are tried, so that none is forgotten whatever happens then.
    /// - Returns: the number to hand to ``deleted(_:upTo:)``.
    mutating func willDelete(_ keys: [String]) -> UInt64 {
        lastDeletion += 1
        for key in keys { outstanding[key] = lastDeletion }
        if isAway, outstanding.count > Self.mostOutstanding { willDeleteEverything() }
        return lastDeletion
    }

    mutating func willDeleteEverything() {
        lastDeletion += 1
        everythingSince = lastDeletion
        outstanding = [:]
    }

    mutating func deleted(_ keys: [String], upTo number: UInt64) {
        // What was deleted once more meanwhile is owed once more: the entry may have been filled in between.
        for key in keys where (outstanding[key] ?? .max) <= number { outstanding[key] = nil }
    }

    var debt: Debt? {
        guard !outstanding.isEmpty || everythingSince != nil else { return nil }
        return Debt(keys: Array(outstanding.keys), isEverything: everythingSince != nil, upTo: lastDeletion)
    }

    mutating func paid(_ debt: Debt) {
        if debt.isEverything, let everythingSince, everythingSince <= debt.upTo { self.everythingSince = nil }
        deleted(debt.keys, upTo: debt.upTo)
    }

    /// True when it was there until now: then somebody has to begin to ask.
    mutating func left(_ problem: String) -> Bool {
        self.problem = problem
        guard !isAway else { return false }
        isAway = true
        return true
    }

    /// The server answers again. False: there is a debt to be paid first.
    mutating func cameBack() -> Bool {
        guard debt == nil else { return false }
        isAway = false
        problem = nil
        return true
    }
}
