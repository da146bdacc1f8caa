import Core
import HTTPTypes
import Providers

/// How often programs and strangers may call; the operator's choice.
public struct RequestRates: Sendable, Hashable {
    /// For each API key and each person; nil: as often as they like.
    public var perCredential: RequestRate?
    /// For each address, on what needs no credential: pages, forms, tokens; nil: as often as they like.
    public var perStranger: RequestRate?
    /// Wrong credentials from one address; beyond that they are not even looked at.
    public var failures: RequestRate

    public static let standardStranger = RequestRate(requests: 600, seconds: 60)
    public static let standardFailures = RequestRate(requests: 30, seconds: 60)

    public init(
        perCredential: RequestRate? = nil, perStranger: RequestRate? = standardStranger, failures: RequestRate = standardFailures
    ) {
        self.perCredential = perCredential
        self.perStranger = perStranger
        self.failures = failures
    }
}

/// The limits at work, in this process: each instance counts for itself.
struct RequestLimits: Sendable {
    private let clock: WallClock
    private let credentials: TokenBuckets<Actor>?
    private let strangers: TokenBuckets<AddressBlock>?
    private let failures: TokenBuckets<AddressBlock>

    init(_ rates: RequestRates, clock: WallClock) {
        self.clock = clock
        credentials = rates.perCredential.map { TokenBuckets($0) }
        strangers = rates.perStranger.map { TokenBuckets($0) }
        failures = TokenBuckets(rates.failures)
    }

    /// Counts a request of somebody who is known.
    ///
    /// - Returns: what the answer says of it; nil without a limit.
    func admit(_ credential: Credential) throws(RateLimited) -> RateLimitStatus? {
        guard let credentials else { return nil }
        // The name of a key may change; who it is does not.
        let caller = Actor(credential.actor.kind, id: credential.actor.id)
        return try Self.status("credential", credentials.rate, credentials.take(caller, at: clock.now()))
    }

    /// Counts a request of somebody who said nothing of themselves.
    func admitStranger(_ context: WebContext) throws(RateLimited) -> RateLimitStatus? {
        guard let strangers, let block = AddressBlock(context.remoteAddress) else { return nil }
        return try Self.status("address", strangers.rate, strangers.take(block, at: clock.now()))
    }

    /// Refuses to look at another credential from an address that sent too many wrong ones.
    func checkFailures(_ context: WebContext) throws(RateLimited) {
        guard let block = AddressBlock(context.remoteAddress) else { return }
        _ = try Self.status("failures", failures.rate, failures.look(block, at: clock.now()))
    }

    /// A wrong credential came from there.
    func noteFailure(_ context: WebContext) {
        guard let block = AddressBlock(context.remoteAddress) else { return }
        _ = failures.take(block, at: clock.now())
    }

    private static func status<Caller>(
        _ policy: String, _ rate: RequestRate, _ outcome: TokenBuckets<Caller>.Outcome
    ) throws(RateLimited) -> RateLimitStatus {
        let status = RateLimitStatus(policy: policy, rate: rate, left: outcome.left, seconds: outcome.seconds)
        guard outcome.isAllowed else { throw RateLimited(status: status) }
        return status
    }
}

/// What an answer says of a limit (draft-ietf-httpapi-ratelimit-headers).
struct RateLimitStatus: Sendable, Hashable {
    let policy: String
    let rate: RequestRate
    let left: Int
    let seconds: Int

    func add(to headers: inout HTTPFields) {
        headers[.rateLimitPolicy] = "\"\(policy)\";q=\(rate.requests);w=\(rate.seconds)"
        headers[.rateLimit] = "\"\(policy)\";r=\(left);t=\(seconds)"
    }
}

/// Too many requests: the caller hears when to come again.
struct RateLimited: Error, Sendable, Hashable {
    let status: RateLimitStatus

    var problem: Problem {
        var headers: HTTPFields = [.retryAfter: "\(status.seconds)"]
        status.add(to: &headers)
        return Problem(
            status: .tooManyRequests, name: "rate-limited", title: "Too many requests",
            detail: "At most \(status.rate.requests) requests in \(status.rate.seconds) s. Try again in \(status.seconds) s.",
            headers: headers)
    }
}

/// Whose address it is, as far as that can be told: one IPv4 address, or the /64 that one customer has of IPv6.
struct AddressBlock: Sendable, Hashable {
    private let bits: UInt64
    private let isV6: Bool

    init(_ address: NetworkAddress) {
        switch address.unmapped {
        case .v4(let value): (bits, isV6) = (UInt64(value), false)
        case .v6(let high, _): (bits, isV6) = (high, true)
        }
    }

    /// Nil for what is no address; there is none where requests come without sockets.
    init?(_ text: String?) {
        guard let text, let address = NetworkAddress(text: text[...]) else { return nil }
        self.init(address)
    }
}
