import Communications
import Core
import Logging
import Storage

/// What the server is built from.
public struct WebParts: Sendable {
    public var clock: WallClock
    public var keys: APIKeyCache
    /// The public address (`API_BASE_URL`).
    public var baseURL: String
    var idempotency: IdempotencyStore

    init(clock: WallClock, keys: APIKeyCache, baseURL: String, idempotency: IdempotencyStore) {
        self.clock = clock
        self.keys = keys
        self.baseURL = baseURL
        self.idempotency = idempotency
    }
}
