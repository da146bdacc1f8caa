import Core

/// Entries in order of use, bounded in number and bytes: what was used longest ago makes room.
///
/// A doubly linked list inside an array, so that nothing is allocated for an entry but its key and value.
struct LRUEntries {
    private struct Slot {
        var key: String
        var value: [UInt8]
        var expiresAt: Timestamp?
        var newer: Int
        var older: Int
    }

    private static let none = -1
    /// What an entry costs beside its key and value: slot, dictionary place, array header.
    private static let overhead = 144

    private let mostEntries: Int
    private let mostBytes: Int
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var places: [String: Int] = [:]
    private var newest = Self.none
    private var oldest = Self.none
    private(set) var bytes = 0

    var count: Int { places.count }

    init(mostEntries: Int, mostBytes: Int) {
        self.mostEntries = max(1, mostEntries)
        self.mostBytes = mostBytes
    }

    mutating func value(of key: String, at now: Timestamp) -> [UInt8]? {
        guard let place = places[key] else { return nil }
        if let expiresAt = slots[place].expiresAt, expiresAt <= now {
            remove(key)
            return nil
        }
        if newest != place {
            unlink(place)
            linkAsNewest(place)
        }
        return slots[place].value
    }

    mutating func set(_ key: String, _ value: [UInt8], expiresAt: Timestamp?) {
        remove(key)
        let size = Self.size(key, value)
        // One value that would push out most others is not worth it.
        guard size <= mostBytes / 4 else { return }
        while bytes + size > mostBytes || places.count >= mostEntries, oldest != Self.none { remove(slots[oldest].key) }
        let slot = Slot(key: key, value: value, expiresAt: expiresAt, newer: Self.none, older: Self.none)
        let place: Int
        if let reused = free.popLast() {
            place = reused
            slots[place] = slot
        } else {
            place = slots.count
            slots.append(slot)
        }
        places[key] = place
        bytes += size
        linkAsNewest(place)
    }

    mutating func remove(_ key: String) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        bytes -= Self.size(key, slots[place].value)
        slots[place].key = ""
        slots[place].value = []
        free.append(place)
    }

    mutating func removeAll() {
        self = LRUEntries(mostEntries: mostEntries, mostBytes: mostBytes)
    }

    private static func size(_ key: String, _ value: [UInt8]) -> Int {
        key.utf8.count + value.count + overhead
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (slots[place].newer, slots[place].older)
        if newer == Self.none { newest = older } else { slots[newer].older = older }
        if older == Self.none { oldest = newer } else { slots[older].newer = newer }
    }

    private mutating func linkAsNewest(_ place: Int) {
        slots[place].newer = Self.none
        slots[place].older = newest
        if newest != Self.none { slots[newest].newer = place }
        newest = place
        if oldest == Self.none { oldest = place }
    }
}
