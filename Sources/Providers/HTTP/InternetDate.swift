import Core

/// Dates of mail and HTTP: `Thu, 24 Aug 2023 05:01:45 +0000` (RFC 5322) and the same with `GMT` (RFC 9110).
enum InternetDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    static func parse(_ text: String) -> Timestamp? {
        guard text.utf8.count <= 64 else { return nil }
        var words = text.split(separator: " ")
        if words.first?.hasSuffix(",") == true { words.removeFirst() }
        guard words.count == 5, let day = number(words[0], 1...31), let month = months.firstIndex(of: words[1].lowercased()),
            words[2].utf8.count == 4, let year = number(words[2], 1970...9999),
            let date = LocalDate(year: year, month: month + 1, day: day), let offset = offset(words[4])
        else { return nil }
        let clock = words[3].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = number(clock[0], 0...23), let minute = number(clock[1], 0...59),
            let second = number(clock[2], 0...60)
        else { return nil }
        return Timestamp(seconds: Int64(date.dayNumber * 86_400 + hour * 3600 + minute * 60 + second - offset))
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = Int(text), range.contains(value)
        else { return nil }
        return value
    }

    /// Seconds east of UTC.
    private static func offset(_ text: Substring) -> Int? {
        if ["GMT", "UTC", "UT", "Z"].contains(text) { return 0 }
        guard text.utf8.count == 5, let sign = text.first, sign == "+" || sign == "-",
            let hours = number(text.dropFirst().prefix(2), 0...23),
            let minutes = number(text.dropFirst(3), 0...59)
        else { return nil }
        return (hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
    }
}
