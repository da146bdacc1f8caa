import Core

/// A client across businesses.
struct ClientKey: Hashable, Comparable {
    var business: BusinessID
    var client: String

    init(_ business: BusinessID, _ client: ClientID) {
        self.business = business
        self.client = client.text
    }

    static func < (a: ClientKey, b: ClientKey) -> Bool {
        a.business == b.business ? a.client < b.client : a.business < b.business
    }
}

/// An idempotency key in its scope.
struct IdempotencyKey: Hashable {
    var business: BusinessID
    var route: String
    var key: String

    /// The advisory lock that serialises its users over all instances; a collision only makes two of them wait.
    var lock: Int64 {
        var hash = StableHash()
        hash.combine(business)
        hash.combine(route)
        hash.combine(key)
        return Int64(bitPattern: hash.value)
    }
}

/// An address on the suppression list.
struct SuppressedAddress: Hashable {
    var business: BusinessID
    var channel: Channel
    var hash: [UInt8]
    /// False: it stops marketing only.
    var blocksAll: Bool
}

/// A begun attempt's hold on its communication.
struct Lease: Hashable {
    var id: CommunicationID
    var token: Int64
}

/// What a round has read, kept up with what it decides.
struct PostgresKnown {
    var idempotency: [IdempotencyKey: IdempotencyRecord] = [:]
    var clients: [ClientKey: StoredClient] = [:]
    var suppressed: Set<SuppressedAddress> = []
    var lastMessages: [ClientKey: Timestamp] = [:]
    var openBatches: [ClientKey: [OpenBatchRecord]] = [:]
    var heldLeases: Set<CommunicationID> = []
    /// Leases of sent messages that were still ours; their rows are gone from the queue.
    var endedLeases: Set<Lease> = []
    var candidates: [[ClaimCandidate]] = []
    /// Some business has an endpoint for events.
    var hasEndpoints = false

    func suppressed(_ record: ClientRecord, _ business: BusinessID) -> SuppressedChannels {
        var set = SuppressedChannels()
        guard !suppressed.isEmpty else { return set }
        for channel in Channel.allCases {
            guard let hash = channel == .email ? record.emailHash : record.phoneHash else { continue }
            for blocksAll in [true, false] {
                let address = SuppressedAddress(business: business, channel: channel, hash: hash, blocksAll: blocksAll)
                if suppressed.contains(address) { set.insert(channel, blocksAll: blocksAll) }
            }
        }
        return set
    }
}

extension SuppressedChannels {
    /// Reads `sms,whatsapp marketing`, as the claim's statement joins them.
    init(joined text: String) {
        self.init()
        for part in text.split(separator: ",") {
            let words = part.split(separator: " ")
            guard let channel = words.first.flatMap({ Channel(rawValue: String($0)) }) else { continue }
            insert(channel, blocksAll: words.count == 1)
        }
    }
}
