/// A cache for copies of records: where they are kept, what they are called, how long they hold.
public struct RecordCache: Sendable {
    public let cache: any Cache
    public let keys: CacheKeys
    /// For which a copy is used at most.
    public let seconds: Int

    public init(cache: any Cache, keys: CacheKeys, seconds: Int) {
        self.cache = cache
        self.keys = keys
        self.seconds = seconds
    }
}
