import Core

extension Timestamp {
    /// For people: `2026-11-21 08:02:13 UTC`.
    var readable: String {
        let text = rfc3339
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
    }
}
