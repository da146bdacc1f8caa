import Providers

extension NetworkAddress {
    /// Either kind, without brackets; a zone (`%eth0`) behind it is left out.
    init?(text: Substring) {
        let plain = text.prefix { $0 != "%" }
        guard let address = NetworkAddress(v4: plain) ?? NetworkAddress(v6: plain) else { return nil }
        self = address
    }

    /// `::ffff:192.0.2.1`, as sockets for both kinds say it, is 192.0.2.1.
    var unmapped: NetworkAddress {
        guard case .v6(0, let low) = self, low >> 32 == 0xFFFF else { return self }
        return .v4(UInt32(truncatingIfNeeded: low))
    }
}
