/// Values as a flat list of nodes over the bytes they lie in. A document is read through one, a template looks names up in several.
struct ValueTape: Sendable {
    var bytes: [UInt8]
    var nodes: ContiguousArray<JSONNode>

    /// Lends the tape without reference counting. Nothing of the reader may leave `body`.
    func withReader<Result>(_ body: (ValueTapeReader) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            nodes.withUnsafeBufferPointer { nodes in body(ValueTapeReader(bytes: bytes, nodes: nodes)) }
        }
    }

    func member(_ key: UnsafeBufferPointer<UInt8>, of object: Int) -> Int? {
        var visited = 0
        return withReader { $0.member(key, of: object, &visited) }
    }

    func isKey(_ node: JSONNode, equalTo key: UnsafeBufferPointer<UInt8>) -> Bool { withReader { $0.isKey(node, equalTo: key) } }

    func text(of node: JSONNode) -> String { withReader { $0.text(of: node) } }

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

/// A tape that is lent for the time of a look-up or a rendering: counting references to it was half the cost of rendering a mail.
///
/// Every index and range it is used with comes from the tape itself, never from what was sent.
struct ValueTapeReader {
    let bytes: UnsafeBufferPointer<UInt8>
    let nodes: UnsafeBufferPointer<JSONNode>

    /// Index of the value that the object at `object` holds under `key`. Adds the number of keys it looked at to `visited`.
    func member(_ key: UnsafeBufferPointer<UInt8>, of object: Int, _ visited: inout Int) -> Int? {
        let end = Int(nodes[object].next)
        var index = object + 1
        while index + 1 < end {
            visited &+= 1
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
        for index in 0..<length where bytes[start &+ index] != key[index] { return false }
        return true
    }

    func source(of node: JSONNode) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[Int(node.start)..<Int(node.end)])
    }

    func text(of node: JSONNode) -> String {
        guard node.flags.contains(.escaped) else { return String(decoding: source(of: node), as: UTF8.self) }
        var text: [UInt8] = []
        appendUnescaped(node, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    func appendUnescaped(_ node: JSONNode, to text: inout [UInt8]) {
        JSONStringScan.appendUnescaped(bytes.span, Int(node.start)..<Int(node.end), to: &text)
    }
}
