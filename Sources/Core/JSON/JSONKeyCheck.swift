/// Refuses a key that occurs twice in one object, however it is written.
enum JSONKeyCheck {
    /// Up to this many keys, comparing pairs beats hashing.
    private static let smallObject = 24

    /// `first` is the node after the object's own; the tape ends where the object does.
    static func refuseDuplicates(
        in nodes: ContiguousArray<JSONNode>, from first: Int, _ bytes: Span<UInt8>
    ) throws(JSONFault) {
        var count = 0
        var anyEscaped = false
        var seen: UInt64 = 0
        var index = first
        while index + 1 < nodes.count {
            let key = nodes[index]
            count += 1
            anyEscaped = anyEscaped || key.flags.contains(.escaped)
            // One bit per kind of key (length, first and last byte): most keys are new by that alone.
            let bit = UInt64(1) << fingerprint(key, bytes)
            if seen & bit != 0, count <= smallObject, !anyEscaped {
                try refuse(index, ifAmong: nodes, from: first, bytes)
            }
            seen |= bit
            index = Int(nodes[index + 1].next)
        }
        if count > smallObject || anyEscaped { try refuseDuplicatesByHash(in: nodes, from: first, bytes) }
    }

    private static func fingerprint(_ key: JSONNode, _ bytes: Span<UInt8>) -> UInt64 {
        let length = key.end &- key.start
        guard length > 0 else { return 0 }
        let edge = UInt32(bytes[Int(key.start)]) &+ UInt32(bytes[Int(key.end) - 1]) &* 7
        return UInt64((edge &+ length &* 5) & 63)
    }

    private static func refuse(
        _ duplicate: Int, ifAmong nodes: ContiguousArray<JSONNode>, from first: Int, _ bytes: Span<UInt8>
    ) throws(JSONFault) {
        let key = nodes[duplicate]
        var index = first
        while index < duplicate {
            let other = nodes[index]
            if other.end &- other.start == key.end &- key.start, equal(other, key, bytes) { throw fault(key) }
            index = Int(nodes[index + 1].next)
        }
    }

    private static func equal(_ one: JSONNode, _ other: JSONNode, _ bytes: Span<UInt8>) -> Bool {
        for distance in 0..<Int(one.end &- one.start) where bytes[Int(one.start) + distance] != bytes[Int(other.start) + distance] {
            return false
        }
        return true
    }

    /// A seeded hash, so that a sender cannot choose keys that all collide.
    private static func refuseDuplicatesByHash(
        in nodes: ContiguousArray<JSONNode>, from first: Int, _ bytes: Span<UInt8>
    ) throws(JSONFault) {
        var seen: Set<[UInt8]> = []
        var index = first
        while index + 1 < nodes.count {
            let key = nodes[index]
            var text: [UInt8] = []
            text.reserveCapacity(Int(key.end &- key.start))
            JSONStringScan.appendUnescaped(bytes, Int(key.start)..<Int(key.end), to: &text)
            guard seen.insert(text).inserted else { throw fault(key) }
            index = Int(nodes[index + 1].next)
        }
    }

    private static func fault(_ key: JSONNode) -> JSONFault { JSONFault(reason: .duplicateKey, offset: Int(key.start) - 1) }
}
