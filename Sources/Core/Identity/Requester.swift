/// Who asked for something, and from where.
public struct Requester: Sendable, Hashable {
    public var actor: Actor
    public var remoteAddress: String?

    public init(_ actor: Actor, from remoteAddress: String? = nil) {
        self.actor = actor
        self.remoteAddress = remoteAddress
    }
}
