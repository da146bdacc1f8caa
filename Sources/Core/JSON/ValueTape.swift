/// Values as a flat list of nodes over the bytes they lie in. A document is read through one, a template looks names up in several.
struct ValueTape: Sendable {
    var bytes: [UInt8]
    var nodes: ContiguousArray<JSONNode>

    /// Index of the value that the object at `object` holds under `key`.
    func member(_ key: UnsafeBufferPointer<UInt8>, of object: Int) -> Int? {
        let end = Int(nodes[object].next)
        var index = object + 1
        while index + 1 < end {
            if isKey(nodes[index], equalTo: key) { return index + 1 }
            index = Int(nodes[index + 1].next)
        }
        return nil
    }

    func isKey(_ node: JSONNode, equalTo key: UnsafeBufferPointer<UInt8>) -> Bool {
        if node.flags.contains(.escaped) { return text(of: node).utf8.elementsEqual(key) }
        let length = Int(node.end &- node.start)
        guard length == key.count else { return false }
        let start = Int(node.start)
        for index in 0..<length where bytes[start + index] != key[index] { return false }
        return true
    }

    func text(of node: JSONNode) -> String {
        let range = Int(node.start)..<Int(node.end)
        guard node.flags.contains(.escaped) else {
            return bytes.withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self) }
        }
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        JSONStringScan.appendUnescaped(bytes.span, range, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Elements of an array; keys and values of an object.
    func childCount(of container: Int) -> Int {
        var count = 0
        var index = container + 1
        while index < Int(nodes[container].next) {
            index = Int(nodes[index].next)
            count += 1
        }
        return count
    }
}
