import Core

/// The right to send one message through one of a lane's accounts.
struct Permit: Sendable, Hashable {
    /// The account's place among the lane's senders.
    var account: Int
}

/// Permits in hand, to be given to the messages of one claim.
struct Permits: Sendable, Hashable {
    /// By account.
    private(set) var counts: [Int]

    init(counts: [Int]) {
        self.counts = counts
    }

    var total: Int { counts.reduce(0, +) }

    /// Takes one: of the account that is the client's own where that is free, else of the one with most left.
    mutating func take(for client: ClientID) -> Permit? {
        guard let most = counts.indices.max(by: { counts[$0] < counts[$1] }), counts[most] > 0 else { return nil }
        let own = SenderChoice.index(for: client, of: counts.count) ?? most
        let account = counts[own] > 0 ? own : most
        counts[account] -= 1
        return Permit(account: account)
    }
}

/// Which of several numbers a client hears from: always the same one as long as the numbers stay the same.
enum SenderChoice {
    /// Nil when there is nothing to choose from.
    static func index(for client: ClientID, of count: Int) -> Int? {
        guard count > 0 else { return nil }
        // FNV-1a: the same in every process.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in client.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int(hash % UInt64(count))
    }
}
