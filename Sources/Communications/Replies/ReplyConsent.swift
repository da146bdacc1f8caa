import Core
import Storage

/// What a keyword changes about consent: for every client who has the number, in every business, on the channel that it came by.
struct ReplyConsent: Sendable {
    let reply: PreparedReply
    let entry: NumberBook.Entry
    let match: ReplyMatch

    private var channel: Channel { reply.message.channel }

    /// Whether it will change anything, which is confirmed once.
    func isChange(_ tx: Transaction) throws -> Bool {
        switch reply.keyword?.keyword {
        case .stop:
            if entry.owners.isEmpty { return try strangers { try !tx.isSuppressed($1, channel: channel, business: $0) } }
            return try entry.owners.contains { try !tx.hasOptedOut($0.client, business: $0.business, channel: channel) }
        case .start:
            if try strangers({ try tx.isOptedOut($1, channel: channel, business: $0) }) { return true }
            return try entry.owners.contains { try tx.hasOptedOut($0.client, business: $0.business, channel: channel) }
        case .help, nil:
            return false
        }
    }

    /// - Returns: whose consent changed; to be settled before anything is acknowledged.
    func apply(_ tx: Transaction) throws -> [ConsentChange] {
        switch reply.keyword?.keyword {
        case .stop: try stop(tx)
        case .start: try start(tx)
        case .help, nil: []
        }
    }

    private func stop(_ tx: Transaction) throws -> [ConsentChange] {
        for owner in entry.owners {
            try tx.optOut(
                client: owner.client, business: owner.business, channel: channel, addressHashes: entry.hashes[owner.business] ?? [],
                reason: .stopWord, evidence: evidence(for: owner), source: source(for: owner))
        }
        if entry.owners.isEmpty {
            // Nobody knows the number yet. It was written to us, and all of us will keep to it.
            _ = try strangers { try tx.suppress($1, channel: channel, reason: SuppressionReason.stopWord.rawValue, business: $0) }
        }
        return entry.owners.map { ConsentChange(business: $0.business, client: $0.client, channels: ChannelSet(channel)) }
    }

    private func start(_ tx: Transaction) throws -> [ConsentChange] {
        for owner in entry.owners {
            try tx.optIn(
                client: owner.client, business: owner.business, channel: channel, addressHashes: entry.hashes[owner.business] ?? [],
                evidence: evidence(for: owner), source: source(for: owner))
        }
        _ = try strangers { try tx.liftOptOut($1, channel: channel, business: $0) }
        // Nothing has to stop, but what is remembered of their preferences is out of date.
        return entry.owners.map { ConsentChange(business: $0.business, client: $0.client, channels: []) }
    }

    /// Runs `body` for each spelling of the number in each business; true when it was so for one of them.
    private func strangers(_ body: (BusinessID, [UInt8]) throws -> Bool) throws -> Bool {
        var any = false
        for (business, hashes) in entry.hashes.sorted(by: { $0.key < $1.key }) {
            for hash in hashes where try body(business, hash) { any = true }
        }
        return any
    }

    private func source(for owner: NumberOwner) -> ConsentSource {
        ConsentSource(.reply, by: Actor(.client, id: owner.client.text), evidence: "reply \(reply.id)")
    }

    private func evidence(for owner: NumberOwner) -> ConsentEvidence {
        ConsentEvidence(
            reply: match.owner?.business == owner.business ? reply.id : nil,
            communication: match.owner == owner ? match.communication?.id : nil, provider: reply.message.provider)
    }
}
