import Core
import Crypto
import Storage
import Synchronization

/// Knows API keys by their SHA-256 for a short while, so that not every request asks the database.
///
/// Keys carry 190 random bits or more, so a plain hash protects them, and a lookup by hash leaks nothing worth timing.
public final class APIKeyCache: Sendable {
    /// Finds the credential of a key's SHA-256; nil for unknown, expired and revoked ones.
    public typealias Lookup = @Sendable (_ keyHash: [UInt8]) async throws -> Credential?

    /// How long what was read is used, should word of a change never come.
    public static let lifetimeSeconds: Int64 = 30
    static let maximumEntries = 10_000

    private struct Entry {
        let credential: Credential
        let id: UUIDv7?
        let validUntil: Timestamp
        var notedAt: Timestamp
    }

    private struct State {
        var entries: [SHA256Digest: Entry] = [:]
        /// Counts revocations, so that an answer read before one is not kept after it.
        var generation = 0
        /// When keys were used last, as far as the store has not been told.
        var uses: [UUIDv7: Timestamp] = [:]

        /// The credential, if it may still be used; notes its use at most once a second.
        mutating func use(_ digest: SHA256Digest, at now: Timestamp) -> Credential? {
            guard let entry = entries[digest], now < entry.validUntil else { return nil }
            if let id = entry.id, now >= entry.notedAt.adding(seconds: 1) {
                entries[digest]?.notedAt = now
                uses[id] = now
            }
            return entry.credential
        }
    }

    private let state = Mutex(State())
    private let clock: WallClock
    let lookup: Lookup
    private let isInTouch: @Sendable () -> Bool

    /// - Parameter isInTouch: false while word of a revocation could be missed: every request asks the database then.
    public init(clock: WallClock, isInTouch: @escaping @Sendable () -> Bool = { true }, lookup: @escaping Lookup) {
        self.clock = clock
        self.isInTouch = isInTouch
        self.lookup = lookup
    }

    /// The credential behind `key`, or nil.
    public func credential(of key: some Sequence<UInt8>) async throws -> Credential? {
        try await credential(hash: SHA256.hash(data: Array(key)))
    }

    /// The credential behind the key with this hash, if it is known here without asking the store.
    func known(_ digest: SHA256Digest) -> Credential? {
        let now = clock.now()
        guard let known = state.withLock({ $0.use(digest, at: now) }), isInTouch() else { return nil }
        return known
    }

    /// The credential behind the key with this hash, or nil.
    public func credential(hash digest: SHA256Digest) async throws -> Credential? {
        if let known = known(digest) { return known }
        let now = clock.now()
        let generation = state.withLock { $0.generation }
        guard let credential = try await lookup(Array(digest)) else { return nil }
        if let end = credential.expiresAt, end <= now { return nil }
        let validUntil = min(now.adding(seconds: Self.lifetimeSeconds), credential.expiresAt ?? Timestamp(milliseconds: .max))
        let id = credential.actor.kind == .key ? UUIDv7(credential.actor.id) : nil
        state.withLock { state in
            if let id { state.uses[id] = now }
            guard state.generation == generation else { return }
            if state.entries.count >= Self.maximumEntries { state.entries.removeAll(keepingCapacity: true) }
            state.entries[digest] = Entry(credential: credential, id: id, validUntil: validUntil, notedAt: now)
        }
        return credential
    }

    /// Forgets everything: a key was revoked somewhere, or that may have happened.
    public func forgetAll() {
        state.withLock { state in
            state.entries.removeAll()
            state.generation += 1
        }
    }

    /// When each key was used last since this was asked before.
    func takeUses() -> [UUIDv7: Timestamp] {
        state.withLock { state in
            defer { state.uses = [:] }
            return state.uses
        }
    }

    /// Gives back what could not be stored; later uses win.
    func putBack(_ uses: [UUIDv7: Timestamp]) {
        state.withLock { $0.uses.merge(uses) { max($0, $1) } }
    }
}

extension APIKeyCache {
    /// Keys as `database` holds them. Hears of revocations by any process of the store.
    public convenience init(database: Database, clock: WallClock) {
        let peers = database.peers
        self.init(clock: clock, isInTouch: { peers.isInTouch }) { hash in
            guard let key = try await database.read({ tx in try tx.validAPIKey(hash: hash) }) else { return nil }
            return Credential(
                business: key.business, actor: Actor(.key, id: key.id.description, name: key.name), permissions: key.permissions,
                expiresAt: key.expiresAt)
        }
        peers.listen(PeerTopic.keys.rawValue) { [weak self] _, _ in self?.forgetAll() }
        peers.onInterruption { [weak self] in self?.forgetAll() }
    }
}
