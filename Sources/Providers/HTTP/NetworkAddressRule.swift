/// Which addresses a request may go to when a user chose where it goes: those of the public Internet alone.
///
/// After the IANA registries of special-purpose addresses (RFC 6890 and what came after it). Addresses that carry an IPv4 address inside
/// are as good as that one.
public enum NetworkAddressRule {
    /// Nil when the address is public; else what it is.
    public static func refusal(of address: NetworkAddress) -> String? {
        switch address {
        case .v4(let value): refusal(v4: value)
        case .v6(let high, let low): refusal(high: high, low: low)
        }
    }

    private static func refusal(v4 value: UInt32) -> String? {
        for range in reservedV4 where value >> (32 - range.bits) == range.base >> (32 - range.bits) { return range.name }
        return nil
    }

    private static let reservedV4: [(base: UInt32, bits: UInt32, name: String)] = [
        (0x0000_0000, 8, "this network"),
        (0x0A00_0000, 8, "private network"),
        (0x6440_0000, 10, "carrier-grade NAT"),
        (0x7F00_0000, 8, "loopback"),
        (0xA83F_8110, 32, "cloud metadata"),
        (0xA9FE_0000, 16, "link-local"),
        (0xAC10_0000, 12, "private network"),
        (0xC000_0000, 24, "reserved for protocols"),
        (0xC000_0200, 24, "documentation"),
        (0xC058_6300, 24, "6to4 relay"),
        (0xC0A8_0000, 16, "private network"),
        (0xC612_0000, 15, "benchmarking"),
        (0xC633_6400, 24, "documentation"),
        (0xCB00_7100, 24, "documentation"),
        (0xE000_0000, 4, "multicast"),
        (0xF000_0000, 4, "reserved"),
    ]

    private static func refusal(high: UInt64, low: UInt64) -> String? {
        let embedded = UInt32(truncatingIfNeeded: low)
        if high == 0 {
            if low >> 32 == 0xFFFF { return refusal(v4: embedded) }
            return low == 1 ? "loopback" : "reserved"
        }
        if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 { return refusal(v4: embedded) }
        switch high >> 56 {
        case 0xFC, 0xFD: return "unique local network"
        case 0xFF: return "multicast"
        default: break
        }
        if high >> 54 == 0xFE80 >> 6 { return "link-local" }
        guard high >> 61 == 0b001 else { return "reserved" }
        for range in reservedV6 where high >> (64 - range.bits) == range.base >> (64 - range.bits) { return range.name }
        // ISATAP (RFC 5214) carries an IPv4 address behind 0000:5efe or 0200:5efe.
        if low >> 32 & 0xFDFF_FFFF == 0x0000_5EFE { return refusal(v4: embedded) }
        return nil
    }

    /// Inside 2000::/3; by their first 64 bits.
    private static let reservedV6: [(base: UInt64, bits: UInt64, name: String)] = [
        (0x2001_0000_0000_0000, 23, "reserved for protocols"),
        (0x2001_0DB8_0000_0000, 32, "documentation"),
        (0x2002_0000_0000_0000, 16, "6to4"),
        (0x3FFF_0000_0000_0000, 20, "documentation"),
    ]
}
