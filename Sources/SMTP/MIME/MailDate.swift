/// `Sat, 21 Nov 2026 07:57:00 +0000` (RFC 5322, 3.3), always in UTC.
enum MailDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// - Parameter milliseconds: since 1970-01-01T00:00:00Z; held to the years 1970 to 9999.
    static func append(_ milliseconds: Int64, to output: inout [UInt8]) {
        let seconds = min(max(milliseconds / 1000, 0), 253_402_300_799)
        let days = Int(seconds / 86400)
        let time = Int(seconds % 86400)
        let (year, month, day) = civil(days)
        output.append(contentsOf: weekdays[days % 7].utf8)
        output.append(contentsOf: ", ".utf8)
        appendTwoDigits(day, to: &output)
        output.append(0x20)
        output.append(contentsOf: months[month - 1].utf8)
        output.append(0x20)
        appendTwoDigits(year / 100, to: &output)
        appendTwoDigits(year % 100, to: &output)
        output.append(0x20)
        appendTwoDigits(time / 3600, to: &output)
        output.append(0x3A)
        appendTwoDigits(time / 60 % 60, to: &output)
        output.append(0x3A)
        appendTwoDigits(time % 60, to: &output)
        output.append(contentsOf: " +0000".utf8)
    }

    /// Year, month 1...12 and day of a count of days since 1970-01-01 (the algorithm of Howard Hinnant's `civil_from_days`).
    private static func civil(_ days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func appendTwoDigits(_ number: Int, to output: inout [UInt8]) {
        output.append(UInt8(truncatingIfNeeded: 0x30 + number / 10 % 10))
        output.append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }
}
