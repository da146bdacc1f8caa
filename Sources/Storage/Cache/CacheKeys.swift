public import Core

/// What copies are called (specification 002). Other programs read these keys.
///
/// The first business has exactly the keys of the specification; the others have their id and a slash in front, which no client id and no
/// template name contains, so that no two businesses ever mean the same key.
public struct CacheKeys: Sendable {
    private let firstBusiness: BusinessID

    /// - Parameter firstBusiness: the oldest one of the installation.
    public init(firstBusiness: BusinessID) {
        self.firstBusiness = firstBusiness
    }

    /// `crm:prefs:{client_id}`.
    public func preferences(of client: ClientID, business: BusinessID) -> String {
        "crm:prefs:" + wall(business) + client.text
    }

    /// `crm:template:{channel}:{template_name}`; all languages together.
    public func template(_ channel: Channel, _ name: String, business: BusinessID) -> String {
        "crm:template:\(channel.rawValue):" + wall(business) + name
    }

    /// `crm:ratelimit:{api}:{window}`.
    public static func rateLimit(api: String, window: String) -> String {
        "crm:ratelimit:\(api):\(window)"
    }

    /// Where the lease on a gap is kept; apart from the key, so that other readers of it never meet a lease.
    static func lease(_ key: String) -> String {
        leasePrefix + key
    }

    static let leasePrefix = "crm:lease:"
    /// Copies, and before them what allows to make new ones; counters are none.
    static let copyPrefixes = [leasePrefix, "crm:prefs:", "crm:template:"]

    private func wall(_ business: BusinessID) -> String {
        business == firstBusiness ? "" : "\(business)/"
    }
}
