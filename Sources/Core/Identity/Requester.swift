/// Who asked for something, and from where. A reference: it travels with every request for a message, through many hands.
public final class Requester: Sendable {
    public let actor: Actor
    public let remoteAddress: String?

    public init(_ actor: Actor, from remoteAddress: String? = nil) {
        self.actor = actor
        self.remoteAddress = remoteAddress
    }
}

extension Requester: Hashable {
    public static func == (a: Requester, b: Requester) -> Bool {
        a === b || (a.actor == b.actor && a.remoteAddress == b.remoteAddress)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(actor)
        hasher.combine(remoteAddress)
    }
}
