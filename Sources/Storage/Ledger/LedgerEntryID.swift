import Core
import Synchronization

/// Identifiers of ledger entries: version 7 UUIDs that rise within a process also inside one millisecond, so that the entries of one
/// transaction keep their order.
enum LedgerEntryID {
    private static let counter = Atomic<UInt64>(0)

    static func make(at time: Timestamp) -> UUIDv7 {
        let count = counter.wrappingAdd(1, ordering: .relaxed).newValue & 0xF_FFFF
        let milliseconds = UInt64(bitPattern: time.milliseconds) & 0xFFFF_FFFF_FFFF
        let random = UInt64.random(in: 0..<(1 << 54))
        return UUIDv7(
            high: milliseconds << 16 | 0x7000 | (count >> 8), low: 0x8000_0000_0000_0000 | (count & 0xFF) << 54 | random)
    }

    /// Below or equal to every identifier made at `time` or later.
    static func first(at time: Timestamp) -> UUIDv7 {
        UUIDv7(high: (UInt64(bitPattern: max(0, time.milliseconds)) & 0xFFFF_FFFF_FFFF) << 16, low: 0)
    }
}
