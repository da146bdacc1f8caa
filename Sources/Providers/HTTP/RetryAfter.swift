import Core

/// `Retry-After` (RFC 9110, section 10.2.3): seconds or a date.
public enum RetryAfter {
    /// The most that is believed, in seconds: a provider that asks for more is asked again after an hour, because such a number is far more
    /// often a mistake than a wish.
    public static let longest = 3600

    /// Whole seconds from now, at most `longest`; nil for what is neither a number nor a date, and for what has passed.
    public static func seconds(_ header: String?, now: Timestamp, upTo longest: Int = longest) -> Int? {
        guard let text = header.map({ $0.filter { $0 != "\t" } }), text.utf8.count <= 64 else { return nil }
        let plain = text.utf8.drop { $0 == UInt8(ascii: " ") }
        if let first = plain.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) {
            let digits = plain.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            let rest = plain.dropFirst(digits.count)
            guard rest.allSatisfy({ $0 == UInt8(ascii: " ") }) else { return nil }
            // Too long a number for an integer is still a number.
            return min(Int(String(decoding: digits, as: UTF8.self)) ?? longest, longest)
        }
        guard let moment = InternetDate.parse(text) else { return nil }
        guard moment > now else { return nil }
        let (milliseconds, overflows) = moment.milliseconds.subtractingReportingOverflow(now.milliseconds)
        return overflows ? longest : Int(min((milliseconds - 1) / 1000 + 1, Int64(longest)))
    }
}
