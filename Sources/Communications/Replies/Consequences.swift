import Core
import Storage

/// What a provider's refusal means beyond the message that was refused: somebody opted out there, or an address is dead.
///
/// Call ``Transaction/lockAllConsent()`` first thing in a transaction that applies one: taken later, it may wait for somebody who waits
/// for this transaction.
public struct Consequences: Sendable {
    private let cipher: Cipher
    let mail: MailConsequences

    /// - Parameter bounces: what bounces and complaints do to their addresses.
    public init(cipher: Cipher, bounces: BouncePolicy = .standard) {
        self.cipher = cipher
        mail = MailConsequences(addresses: AddressBook(cipher: cipher), policy: bounces)
    }

    /// A message that was refused.
    public struct Refused: Sendable {
        public var consequence: FailureConsequence
        public var communication: CommunicationID
        public var business: BusinessID
        public var client: ClientID
        public var channel: Channel
        /// The address that it went to, in the clear; nil where only the client's record tells.
        public var address: String?
        public var provider: String
        /// When it was given to the provider, at the earliest.
        public var sentAt: Timestamp
        /// What shows it, for the suppression list; never an address.
        public var details: String?

        public init(
            consequence: FailureConsequence, communication: CommunicationID, business: BusinessID, client: ClientID, channel: Channel,
            address: String?, provider: String, sentAt: Timestamp
        ) {
            self.consequence = consequence
            self.communication = communication
            self.business = business
            self.client = client
            self.channel = channel
            self.address = address
            self.provider = provider
            self.sentAt = sentAt
        }
    }

    /// As ``apply(_:_:)``, for a communication of which a provider says later that it was refused. Nothing where it was erased.
    public func apply(
        _ consequence: FailureConsequence, to id: CommunicationID, channel: Channel, provider: String, _ tx: Transaction
    ) throws -> [ConsentChange] {
        guard let record = try tx.owner(of: id), let client = try tx.client(record.client, business: record.business) else { return [] }
        // Whoever has another address by now must not suffer for the old one. A record that was touched for another reason only means
        // that the next message learns it.
        if consequence == .addressDead, client.updatedAt > record.createdAt { return [] }
        return try apply(
            Refused(
                consequence: consequence, communication: id, business: record.business, client: record.client, channel: channel,
                address: try AddressBook(cipher: cipher).address(of: client, on: channel, business: record.business), provider: provider,
                sentAt: record.sentAt), tx)
    }

    /// - Returns: whose consent changed; to be settled once the transaction is durable (promise P4).
    public func apply(_ refused: Refused, _ tx: Transaction) throws -> [ConsentChange] {
        switch refused.consequence {
        case .addressDead where refused.channel == .email, .softBounced, .complained:
            return try mail.apply(refused, tx)
        case .optedOut:
            return try optOut(refused, tx)
        case .addressDead:
            for hash in hashes(of: refused.address, on: refused.channel, refused.business) {
                try tx.suppress(
                    hash, channel: refused.channel, reason: SuppressionReason.addressDead.rawValue, business: refused.business)
            }
            return [change(refused)]
        case .marketingOptedOut:
            return try stopMarketing(refused, tx)
        case .windowClosed:
            for (business, hashes) in try everywhere(refused, tx).hashes {
                for hash in hashes { try tx.closeWhatsAppWindow(phoneHash: hash, business: business, sentAt: refused.sentAt) }
            }
            return []
        }
    }

    /// The list stops it, whoever has the address; the ledger tells of everybody who has it now.
    private func stopMarketing(_ refused: Refused, _ tx: Transaction) throws -> [ConsentChange] {
        let entry = try everywhere(refused, tx)
        for (business, hashes) in entry.hashes {
            for hash in hashes {
                try tx.suppressMarketing(
                    hash, channel: refused.channel, reason: SuppressionReason.marketingOptOut.rawValue, business: business)
            }
        }
        for owner in owners(entry, refused) {
            try tx.record(marketing(.withdrawn, of: owner, on: refused.channel, Self.source(refused)), business: owner.business)
        }
        return owners(entry, refused).map {
            ConsentChange(business: $0.business, client: $0.client, channels: ChannelSet(refused.channel))
        }
    }

    private func owners(_ entry: NumberBook.Entry, _ refused: Refused) -> [NumberOwner] {
        let own = NumberOwner(business: refused.business, client: refused.client)
        return entry.owners.contains(own) ? entry.owners : entry.owners + [own]
    }

    private func marketing(
        _ decision: ConsentEntry.Decision, of owner: NumberOwner, on channel: Channel, _ source: ConsentSource
    ) -> ConsentEntry {
        ConsentEntry(client: owner.client, purpose: .marketing, channel: channel, decision: decision, source: source)
    }

    private static func source(_ refused: Refused) -> ConsentSource {
        ConsentSource(
            .provider, by: Actor(.provider, id: refused.provider), evidence: "communication \(refused.communication)")
    }

    /// A person stops or resumes marketing in their app (WhatsApp's `user_preferences`), in every business that knows the number.
    ///
    /// - Returns: whose consent changed; to be settled once the transaction is durable (promise P4).
    @discardableResult
    public func setMarketing(allowed: Bool, number: String, channel: Channel, _ tx: Transaction) throws -> [ConsentChange] {
        guard let number = PhoneNumber(number) else { return [] }
        let businesses = try tx.businessIDs()
        let entry = try NumberBook(cipher: cipher).look(up: number, in: businesses, tx)
        let concerned = entry.owners.isEmpty ? businesses : Array(Set(entry.owners.map(\.business))).sorted()
        var changed = false
        for business in concerned {
            for hash in entry.hashes[business] ?? [] {
                let one =
                    allowed
                    ? try tx.unsuppressMarketing(hash, channel: channel, business: business)
                    : try tx.suppressMarketing(
                        hash, channel: channel, reason: SuppressionReason.marketingOptOut.rawValue, business: business)
                if one { changed = true }
            }
        }
        guard changed else { return [] }
        let source = ConsentSource(.provider, by: Actor(.provider, id: channel.rawValue))
        for owner in entry.owners {
            try tx.record(marketing(allowed ? .granted : .withdrawn, of: owner, on: channel, source), business: owner.business)
        }
        return entry.owners.map {
            ConsentChange(business: $0.business, client: $0.client, channels: allowed ? [] : ChannelSet(channel))
        }
    }

    private func optOut(_ refused: Refused, _ tx: Transaction) throws -> [ConsentChange] {
        var entry = try everywhere(refused, tx)
        entry.owners = owners(entry, refused)
        let own = NumberOwner(business: refused.business, client: refused.client)
        for owner in entry.owners {
            // The client's own row may be gone; what is known of the address still holds.
            try tx.optOut(
                client: owner.client, business: owner.business, channel: refused.channel, addressHashes: entry.hashes[owner.business] ?? [],
                reason: .providerOptOut,
                evidence: ConsentEvidence(
                    communication: owner == own ? refused.communication : nil, provider: refused.provider),
                source: Self.source(refused))
        }
        return entry.owners.map { ConsentChange(business: $0.business, client: $0.client, channels: ChannelSet(refused.channel)) }
    }

    /// Everybody who has the address that was refused, in the businesses that know it.
    private func everywhere(_ refused: Refused, _ tx: Transaction) throws -> NumberBook.Entry {
        guard refused.channel != .email, let number = refused.address.flatMap(PhoneNumber.init) else {
            return NumberBook.Entry(
                owners: [], hashes: [refused.business: hashes(of: refused.address, on: refused.channel, refused.business)])
        }
        let entry = try NumberBook(cipher: cipher).look(up: number, in: try tx.businessIDs(), tx)
        let concerned = Set(entry.owners.map(\.business) + [refused.business])
        return NumberBook.Entry(owners: entry.owners, hashes: entry.hashes.filter { concerned.contains($0.key) })
    }

    private func hashes(of address: String?, on channel: Channel, _ business: BusinessID) -> [[UInt8]] {
        guard let address else { return [] }
        return [AddressBook(cipher: cipher).lookupHash(of: address, on: channel, business: business)]
    }

    private func change(_ refused: Refused) -> ConsentChange {
        ConsentChange(business: refused.business, client: refused.client, channels: ChannelSet(refused.channel))
    }
}
