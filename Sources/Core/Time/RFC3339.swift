/// Times as text at the edges of the product (RFC 3339, section 5.6).
public enum RFC3339 {
    /// 9999-12-31T23:59:59.999Z, the last moment with a four-digit year.
    static let latest = Timestamp(milliseconds: 253_402_300_799_999)
    /// 1970-01-01T00:00:00Z.
    static let earliest = Timestamp(milliseconds: 0)

    /// Appends `2026-11-21T07:00:00Z`, with `.123` before the `Z` when the milliseconds are not zero.
    /// Moments outside 1970–9999 are written as the nearest one inside.
    public static func append(_ time: Timestamp, to bytes: inout [UInt8]) {
        let clamped = min(max(time, earliest), latest).milliseconds
        let (days, milliseconds) = clamped.quotientAndRemainder(dividingBy: 86_400_000)
        let date = LocalDate(dayNumber: Int(days)).components
        let (seconds, fraction) = Int(milliseconds).quotientAndRemainder(dividingBy: 1000)
        append(date.year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(date.month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(date.day, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        append(seconds / 3600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(seconds / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(seconds % 60, digits: 2, to: &bytes)
        if fraction != 0 {
            bytes.append(UInt8(ascii: "."))
            append(fraction, digits: 3, to: &bytes)
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The text that `append` writes.
    public static func string(_ time: Timestamp) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        append(time, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads a date-time with any offset; nil for anything else.
    ///
    /// Digits beyond milliseconds are cut off. A leap second (`:60`) is refused, since no later moment can be told apart from it,
    /// and so is every moment outside 1970–9999 in UTC.
    public static func parse(_ text: String) -> Timestamp? {
        var text = text
        return text.withUTF8 { parse($0) }
    }

    /// The same for bytes.
    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        guard bytes.count <= 64 else { return nil }
        var reader = Reader(bytes: bytes)
        guard let year = reader.number(digits: 4), reader.skip(UInt8(ascii: "-")), let month = reader.number(digits: 2),
            reader.skip(UInt8(ascii: "-")), let day = reader.number(digits: 2), let date = LocalDate(year: year, month: month, day: day),
            reader.skip(UInt8(ascii: "T")) || reader.skip(UInt8(ascii: "t")),
            let hour = reader.number(digits: 2), hour < 24, reader.skip(UInt8(ascii: ":")), let minute = reader.number(digits: 2),
            minute < 60,
            reader.skip(UInt8(ascii: ":")), let second = reader.number(digits: 2), second < 60,
            let fraction = reader.fraction(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        let seconds = date.dayNumber * 86_400 + hour * 3600 + minute * 60 + second - offset
        let time = Timestamp(milliseconds: Int64(seconds) * 1000 + Int64(fraction))
        return time >= earliest && time <= latest ? time : nil
    }

    private static func append(_ value: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = digits == 4 ? 1000 : digits == 3 ? 100 : 10
        while divisor > 0 {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}

extension RFC3339 {
    /// Walks over the text; every read checks the end, as buffer pointers do not in release builds.
    private struct Reader {
        let bytes: UnsafeBufferPointer<UInt8>
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skip(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            position += 1
            return true
        }

        mutating func digit() -> Int? {
            guard let byte = next, byte >= 0x30, byte <= 0x39 else { return nil }
            position += 1
            return Int(byte - 0x30)
        }

        mutating func number(digits: Int) -> Int? {
            var value = 0
            for _ in 0..<digits {
                guard let digit = digit() else { return nil }
                value = value * 10 + digit
            }
            return value
        }

        /// Milliseconds after the optional point; nil when a point has no digit behind it.
        mutating func fraction() -> Int? {
            guard skip(UInt8(ascii: ".")) else { return 0 }
            guard let first = digit() else { return nil }
            var value = first * 100
            var weight = 10
            while let digit = digit() {
                value += digit * weight
                weight /= 10
            }
            return value
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int? {
            if skip(UInt8(ascii: "Z")) || skip(UInt8(ascii: "z")) { return 0 }
            let west = skip(UInt8(ascii: "-"))
            guard west || skip(UInt8(ascii: "+")), let hours = number(digits: 2), hours < 24, skip(UInt8(ascii: ":")),
                let minutes = number(digits: 2), minutes < 60
            else { return nil }
            return (hours * 3600 + minutes * 60) * (west ? -1 : 1)
        }
    }
}

extension Timestamp {
    /// RFC 3339 in UTC with `Z`.
    public var rfc3339: String { RFC3339.string(self) }

    /// Reads RFC 3339 with any offset; nil for anything else.
    public init?(rfc3339 text: String) {
        guard let time = RFC3339.parse(text) else { return nil }
        self = time
    }
}
