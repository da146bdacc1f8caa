import Core

/// The rate counters in the shared cache that other tools read and add to (specification 002, section 4). The store holds the
/// rates; these only make them visible, and tell what others use of them.
public struct SharedUsage: Sendable {
    /// The counter's value; nil when it does not exist or the cache is away.
    let read: @Sendable (_ key: String) async -> Int?
    /// Adds to it; the first use gives it its seconds to live.
    let add: @Sendable (_ key: String, _ count: Int, _ seconds: Int) async -> Void

    /// - Parameters: must answer within a tenth of a second, also when the cache is away, and never throw.
    public init(
        read: @escaping @Sendable (_ key: String) async -> Int?,
        add: @escaping @Sendable (_ key: String, _ count: Int, _ seconds: Int) async -> Void
    ) {
        self.read = read
        self.add = add
    }

    /// The specification's key.
    static func key(_ channel: Channel, _ rate: MessageRate) -> String {
        "crm:ratelimit:\(channel.rawValue):\(rate.seconds)"
    }
}
