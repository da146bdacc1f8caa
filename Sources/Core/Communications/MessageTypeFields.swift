/// What a business may write into a message type of its own; each check returns what is wrong, nil when nothing is.
public enum MessageTypeFields {
    /// Lower-case letters, digits and `_`, beginning with a letter, up to 64: it also names the templates.
    public static func name(_ text: String) -> String? {
        var allowed = !text.isEmpty && text.utf8.count <= 64
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): allowed = allowed && index > 0
            default: allowed = false
            }
        }
        return allowed ? nil : "must be 1 to 64 lower-case letters, digits and underscores, beginning with a letter"
    }

    /// Seconds that word of a delivery may be waited for: 10 seconds to 3 days.
    public static let fallbackAfter: ClosedRange<Int64> = 10...259_200

    /// At least one channel, none twice.
    public static func channels(_ channels: [Channel]) -> String? {
        if channels.isEmpty { return "must name at least one channel" }
        return Set(channels).count == channels.count ? nil : "must not name a channel twice"
    }
}
