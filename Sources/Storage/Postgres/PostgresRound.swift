import Core

/// One transaction of the writer on PostgreSQL: everything is read in one round trip, decided in memory, written and
/// committed in another.
struct PostgresRound {
    let requests: [WriterRequest]
    let now: Timestamp
    let ciphers: CipherSlot
    let content: ContentSeal
    var result: RoundResult

    /// Which answer of the read pipeline belongs to what.
    var order: [Part] = []
    var acceptances: [(index: Int, acceptance: Acceptance)] = []
    var leaseExtensions: [Int] = []
    var claims: [(index: Int, request: ClaimRequest)] = []
    var outcomes: [(index: Int, outcome: AttemptOutcome)] = []
    /// Outcomes that the set-wise statement records.
    var plainSent: [(index: Int, outcome: AttemptOutcome)] = []

    /// What the read pipeline answered.
    var known = PostgresKnown()
    /// Decided acceptances, to be written.
    var accepted: [AcceptanceEffects] = []
    /// What requests say about clients and the store did not know yet.
    var clientUpdates: [ClientKey: SealedRecipient] = [:]

    enum Part {
        case ignored, transactionID, idempotency, clients, lastMessages, batches, heldLeases
        case endedLeases(Int64)
        case extended(Int)
        case claimed(Int)
    }

    init(requests: [WriterRequest], now: Timestamp, ciphers: CipherSlot) {
        self.requests = requests
        self.now = now
        self.ciphers = ciphers
        content = ContentSeal(cipher: ciphers.cipher)
        result = RoundResult(count: requests.count)
        sort()
    }

    /// Keeps requests out of this round that must see what another one of it writes.
    private mutating func sort() {
        var keys: Set<IdempotencyKey> = []
        var batchClients: Set<ClientKey> = []
        for (index, request) in requests.enumerated() {
            switch request {
            case .accept(let acceptance, _):
                if let claim = acceptance.idempotency,
                    !keys.insert(IdempotencyKey(business: acceptance.business, route: claim.route, key: claim.key)).inserted
                {
                    continue
                }
                if acceptance.needsBatchState, !batchClients.insert(ClientKey(acceptance.business, acceptance.clientID)).inserted {
                    continue
                }
                acceptances.append((index, acceptance))
            case .claim(let claim, _):
                // A transaction's own locks do not keep it out: a second claim would take the same rows.
                if claims.contains(where: { $0.request.channel == claim.channel }) { continue }
                claims.append((index, claim))
            case .finish(let list, _):
                result.replies[index] = .ids([])
                for outcome in list {
                    if case .sent = outcome.result, outcome.members.isEmpty {
                        plainSent.append((index, outcome))
                    } else {
                        outcomes.append((index, outcome))
                    }
                }
            case .extend:
                leaseExtensions.append(index)
            case .closure(let closure):
                // Closures run on the pool's connections; none arrives here.
                result.replies[index] = .closure(.failure(DatabaseError.statement(code: "closure", details: "not on this engine")))
                _ = closure
            }
        }
    }

    // MARK: Reading

    mutating func queueReads(on connection: PostgresConnection) {
        queue(.ignored, "BEGIN ISOLATION LEVEL READ COMMITTED", PostgresParameters(), connection)
        queueLocks(connection)
        if !acceptances.isEmpty { queueAcceptanceReads(connection) }
        if !outcomes.isEmpty {
            var parameters = PostgresParameters()
            parameters.append(PostgresArray(PostgresType.uuid, outcomes.map { .uuid($0.outcome.id) }))
            parameters.append(PostgresArray(PostgresType.int8, outcomes.map { .int($0.outcome.token) }))
            parameters.append(PostgresArray(PostgresType.text, outcomes.map { .text($0.outcome.channel.rawValue) }))
            queue(.heldLeases, PostgresHotSQL.heldLeases, parameters, connection)
        }
        queueLeaseEnds(connection)
        for index in leaseExtensions {
            guard case .extend(let lease, _) = requests[index] else { continue }
            var parameters = PostgresParameters()
            parameters.append(PostgresArray(PostgresType.uuid, lease.ids.map { .uuid($0) }))
            parameters.append(.int(lease.token))
            parameters.append(.int(lease.until.milliseconds))
            queue(.extended(index), PostgresHotSQL.extendLeases, parameters, connection)
        }
        for (position, claim) in claims.enumerated() {
            var parameters = PostgresParameters()
            parameters.append(.text(claim.request.channel.rawValue))
            parameters.append(.int(claim.request.now.milliseconds))
            parameters.append(.int(Int64(max(0, claim.request.limit)) + 1))
            queue(.claimed(position), PostgresHotSQL.dueRows, parameters, connection)
        }
    }

    /// One statement for each token and channel; a process has one token.
    private mutating func queueLeaseEnds(_ connection: PostgresConnection) {
        for token in Set(plainSent.map(\.outcome.token)).sorted() {
            for channel in Channel.allCases {
                let ids = plainSent.filter { $0.outcome.token == token && $0.outcome.channel == channel }
                guard !ids.isEmpty else { continue }
                var parameters = PostgresParameters()
                parameters.append(PostgresArray(PostgresType.uuid, ids.map { .uuid($0.outcome.id) }))
                parameters.append(.int(token))
                parameters.append(.text(channel.rawValue))
                queue(.endedLeases(token), PostgresHotSQL.endLeases, parameters, connection)
            }
        }
    }

    mutating func queue(_ part: Part, _ text: String, _ parameters: PostgresParameters, _ connection: PostgresConnection) {
        connection.queue(text, parameters)
        order.append(part)
    }

    /// First of all: consent must not change under the round, and a key must not be used twice over instances.
    private mutating func queueLocks(_ connection: PostgresConnection) {
        var partitions: Set<Int> = []
        if claims.isEmpty {
            for (_, acceptance) in acceptances { partitions.insert(ConsentPartition.of(acceptance.business, acceptance.clientID)) }
        } else {
            partitions = Set(0..<ConsentPartition.count)
        }
        var hashes: Set<Int64> = []
        for (_, acceptance) in acceptances {
            guard let claim = acceptance.idempotency else { continue }
            hashes.insert(IdempotencyKey(business: acceptance.business, route: claim.route, key: claim.key).lock)
        }
        guard !partitions.isEmpty else {
            queue(.transactionID, PostgresHotSQL.transactionID, PostgresParameters(), connection)
            return
        }
        var parameters = PostgresParameters()
        parameters.append(.int(Int64(ConsentPartition.space)))
        parameters.append(PostgresArray(PostgresType.int4, partitions.sorted().map { .int(Int64($0)) }))
        parameters.append(PostgresArray(PostgresType.int8, hashes.sorted().map { .int($0) }))
        queue(.transactionID, PostgresHotSQL.locks, parameters, connection)
    }
}
