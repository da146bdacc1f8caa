import Core
import Crypto
import Synchronization

/// Knows API keys by their SHA-256 for a short while, so that not every request asks the database.
///
/// Keys carry 190 random bits or more, so a plain hash protects them, and a lookup by hash leaks nothing worth timing.
public final class APIKeyCache: Sendable {
    /// Finds the credential of a key's SHA-256; nil for unknown, expired and revoked ones.
    public typealias Lookup = @Sendable (_ keyHash: [UInt8]) async throws -> Credential?

    /// How long another process' revocation may take to be noticed here.
    public static let lifetimeSeconds: Int64 = 30
    static let maximumEntries = 10_000

    private struct Entry {
        let credential: Credential
        let validUntil: Timestamp
    }

    private struct State {
        var entries: [SHA256Digest: Entry] = [:]
        /// Counts revocations, so that an answer read before one is not kept after it.
        var generation = 0
    }

    private let state = Mutex(State())
    private let clock: WallClock
    let lookup: Lookup

    public init(clock: WallClock, lookup: @escaping Lookup) {
        self.clock = clock
        self.lookup = lookup
    }

    /// The credential behind `key`, or nil.
    public func credential(of key: some Sequence<UInt8>) async throws -> Credential? {
        try await credential(hash: SHA256.hash(data: Array(key)))
    }

    /// The credential behind the key with this hash, or nil.
    public func credential(hash digest: SHA256Digest) async throws -> Credential? {
        let now = clock.now()
        let (cached, generation) = state.withLock { ($0.entries[digest], $0.generation) }
        if let cached, now < cached.validUntil { return cached.credential }
        guard let credential = try await lookup(Array(digest)) else { return nil }
        if let end = credential.expiresAt, end <= now { return nil }
        let validUntil = min(now.adding(seconds: Self.lifetimeSeconds), credential.expiresAt ?? Timestamp(milliseconds: .max))
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.entries.count >= Self.maximumEntries { state.entries.removeAll(keepingCapacity: true) }
            state.entries[digest] = Entry(credential: credential, validUntil: validUntil)
        }
        return credential
    }

    /// Forgets everything: a key was revoked in this process.
    public func forgetAll() {
        state.withLock { state in
            state.entries.removeAll()
            state.generation += 1
        }
    }
}
