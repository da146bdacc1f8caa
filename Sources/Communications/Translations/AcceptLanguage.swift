/// What a browser says that its user reads.
enum AcceptLanguage {
    /// More than this nobody reads.
    private static let most = 20

    /// Language tags, the most wanted first; those of equal weight as they stand. What is malformed is left out.
    static func tags(_ header: String?) -> [String] {
        guard let header, header.utf8.count <= 1_000 else { return [] }
        let entries = header.split(separator: ",").prefix(most).compactMap { entry -> (tag: String, weight: Int)? in
            let parts = entry.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let tag = parts.first, !tag.isEmpty, tag != "*", tag.utf8.count <= 35 else { return nil }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { thousandths($0.dropFirst(2)) } ?? 1_000
            return weight > 0 ? (String(tag), weight) : nil
        }
        return entries.enumerated().sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }.map(\.element.tag)
    }

    /// `0.8` is 800; anything that is no weight is 0.
    private static func thousandths(_ text: Substring) -> Int {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ Int($0) }), (0...1).contains(whole), parts.count <= 2 else { return 0 }
        guard parts.count == 2 else { return whole * 1_000 }
        guard parts[1].count <= 3, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return 0 }
        let digits = parts[1] + String(repeating: "0", count: 3 - parts[1].count)
        return min(1_000, whole * 1_000 + (Int(digits) ?? 0))
    }
}
