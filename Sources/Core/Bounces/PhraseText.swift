/// Text in lower case in which many phrases are looked for, byte by byte: the standard library compares whole characters.
struct PhraseText {
    private let bytes: [UInt8]

    /// - Parameter limit: bytes that are looked at.
    init(_ text: String, limit: Int = 16_384) {
        bytes = Array(String(decoding: text.utf8.prefix(limit), as: UTF8.self).lowercased().utf8)
    }

    /// - Parameter phrase: in lower case.
    func contains(_ phrase: String) -> Bool { firstIndex(of: phrase) != nil }

    func containsAny(_ phrases: [String]) -> Bool { phrases.contains(where: contains) }

    func begins(withAny phrases: [String]) -> Bool { phrases.contains { bytes.starts(with: $0.utf8) } }

    func firstIndex(of phrase: String) -> Int? {
        let wanted = Array(phrase.utf8)
        guard let first = wanted.first, wanted.count <= bytes.count else { return nil }
        return bytes.withUnsafeBufferPointer { bytes in
            for start in 0...(bytes.count - wanted.count) where bytes[start] == first {
                if wanted.indices.allSatisfy({ bytes[start + $0] == wanted[$0] }) { return start }
            }
            return nil
        }
    }
}
