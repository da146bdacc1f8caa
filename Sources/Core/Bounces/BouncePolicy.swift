/// What bounces and complaints do to the address that they concern.
public struct BouncePolicy: Sendable, Hashable {
    /// What a complaint stops.
    public enum ComplaintScope: String, Sendable, Hashable, CaseIterable {
        /// Every message to the address.
        case all
        case marketing
    }

    public var complaintScope: ComplaintScope
    /// That many messages that failed for a while, with no delivery between them, suppress the address.
    public var softBounceLimit: Int
    /// Days within which they count.
    public var softBounceDays: Int

    public init(complaintScope: ComplaintScope, softBounceLimit: Int, softBounceDays: Int) {
        self.complaintScope = complaintScope
        self.softBounceLimit = softBounceLimit
        self.softBounceDays = softBounceDays
    }

    public static let standard = BouncePolicy(complaintScope: .all, softBounceLimit: 5, softBounceDays: 30)
}
