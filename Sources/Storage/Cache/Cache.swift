/// A faster copy of what the database holds, and counters that instances share. Everything works the same without it.
///
/// Nothing here throws and nothing waits for long: a cache that is away says "missing" and forgets what it is told to keep. What it is
/// told to delete it does not forget: an entry whose deletion is outstanding is not read again. Whether a message may be sent is never
/// decided from here.
public protocol Cache: Sendable {
    /// Nil: missing, or the cache is away.
    func get(_ key: String) async -> [UInt8]?
    /// Keeps a value that nobody else changes meanwhile; copies of records go through ``lookUp(_:)`` and ``fill(_:_:seconds:lease:)``.
    /// - Parameter seconds: nil keeps it until it is deleted or has to make room.
    func set(_ key: String, _ value: [UInt8], seconds: Int?) async
    /// Deletes entries and counters, and ends every lease on them.
    func delete(_ keys: [String]) async

    /// ``get(_:)`` that on a miss hands out a lease for filling the gap.
    func lookUp(_ key: String) async -> CacheLookUp
    /// Keeps a value that was read from the database after ``lookUp(_:)``, unless the key was deleted since: the value may be older
    /// than the change that deleted it.
    func fill(_ key: String, _ value: [UInt8], seconds: Int?, lease: CacheLease) async

    /// Adds to a counter, which begins at 0 and ends `seconds` after it began (`INCRBY`, and `EXPIRE` on the first use).
    /// - Returns: its new value; nil when the cache is away.
    func increment(_ key: String, by amount: Int, seconds: Int) async -> Int?
    /// 0 where there is none; nil when the cache is away.
    func read(counter key: String) async -> Int?

    /// Deletes everything that is a copy; counters stay.
    func deleteCopies() async

    /// What was asked of this process's cache so far. Costs nothing.
    var counts: CacheCounts { get }
    /// With what the server says about itself.
    var statistics: CacheStatistics { get async }
    /// What is wrong, for operators; nil: nothing.
    func health() async -> String?
}

/// What ``Cache/lookUp(_:)`` found.
public enum CacheLookUp: Sendable {
    case hit([UInt8])
    /// Without a lease the cache takes no value now.
    case miss(CacheLease?)
}

/// The right to fill one gap. All who find it have the same; the first to come fills it.
public struct CacheLease: Sendable, Hashable {
    let token: UInt64
}
