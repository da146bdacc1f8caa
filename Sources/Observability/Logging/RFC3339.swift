/// Text of a moment, e.g. `2026-11-21T08:15:30.123Z`.
enum RFC3339 {
    /// - Parameter milliseconds: since 1970-01-01T00:00:00Z.
    ///
    /// Days to civil date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    static func append(milliseconds: Int64, to bytes: inout [UInt8]) {
        let dayLength: Int64 = 86_400_000
        var days = milliseconds / dayLength
        var rest = milliseconds % dayLength
        if rest < 0 {
            rest += dayLength
            days -= 1
        }
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        append(year, 4, to: &bytes)
        append("-", month, to: &bytes)
        append("-", day, to: &bytes)
        append("T", rest / 3_600_000, to: &bytes)
        append(":", rest / 60_000 % 60, to: &bytes)
        append(":", rest / 1000 % 60, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        append(rest % 1000, 3, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    private static func append(_ separator: Unicode.Scalar, _ value: Int64, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: separator))
        append(value, 2, to: &bytes)
    }

    private static func append(_ value: Int64, _ width: Int, to bytes: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}
