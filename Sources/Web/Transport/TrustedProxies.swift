import Providers

/// The proxies in front of the server whose `X-Forwarded-For` is believed.
public struct TrustedProxies: Sendable, Hashable {
    private struct Network: Sendable, Hashable {
        let address: NetworkAddress
        let bits: Int

        func contains(_ other: NetworkAddress) -> Bool {
            switch (address, other) {
            case (.v4(let own), .v4(let its)):
                return bits == 0 || own >> UInt32(32 - bits) == its >> UInt32(32 - bits)
            case (.v6(let high, let low), .v6(let itsHigh, let itsLow)):
                // Swift shifts by 64 or more to zero, so that both ends of the range come out right.
                if bits <= 64 { return high >> UInt64(64 - bits) == itsHigh >> UInt64(64 - bits) }
                return high == itsHigh && low >> UInt64(128 - bits) == itsLow >> UInt64(128 - bits)
            default: return false
            }
        }
    }

    private var networks: [Network] = []

    /// Nobody is believed.
    public static let none = TrustedProxies()

    private init() {}

    /// `10.0.0.0/8, 192.0.2.7, fd00::/8`; nil when a part of it is no network.
    public init?(_ text: String) {
        for part in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
            let sides = part.split(separator: "/", omittingEmptySubsequences: false)
            guard let address = sides.first.flatMap({ NetworkAddress(text: $0) }), sides.count <= 2 else { return nil }
            let most = if case .v4 = address { 32 } else { 128 }
            guard let bits = sides.count == 1 ? most : Int(sides[1]), (0...most).contains(bits) else { return nil }
            networks.append(Network(address: address, bits: bits))
        }
    }

    public var isEmpty: Bool { networks.isEmpty }

    func trusts(_ address: NetworkAddress) -> Bool {
        networks.contains { $0.contains(address) }
    }

    /// Where a request comes from: the hop furthest from us that a trusted one vouches for.
    ///
    /// - Parameter forwardedFor: the values of `X-Forwarded-For`, in order. Everybody may write what they like to the left of what our own
    ///   proxies append, so it is read from the right and only as far as those go.
    func client(behind peer: NetworkAddress, forwardedFor: [String]) -> NetworkAddress {
        var client = peer.unmapped
        var hops = 0
        for field in forwardedFor.reversed() {
            for entry in field.split(separator: ",", omittingEmptySubsequences: false).reversed() {
                guard trusts(client), hops < Self.mostHops, let next = Self.address(entry.trimmed) else { return client }
                client = next
                hops += 1
            }
        }
        return client
    }

    private static let mostHops = 32

    /// Some proxies write the port behind the address, `192.0.2.1:4711` or `[2001:db8::1]:4711`.
    private static func address(_ entry: Substring) -> NetworkAddress? {
        if entry.first == "[" {
            guard let end = entry.firstIndex(of: "]") else { return nil }
            return NetworkAddress(text: entry[..<end].dropFirst())?.unmapped
        }
        if let address = NetworkAddress(text: entry) { return address.unmapped }
        let sides = entry.split(separator: ":", omittingEmptySubsequences: false)
        guard sides.count == 2, UInt16(sides[1]) != nil else { return nil }
        return NetworkAddress(v4: sides[0])
    }
}
