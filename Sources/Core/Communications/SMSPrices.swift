/// What one part of an SMS costs, by the country that the number belongs to. Whole millionths throughout: no binary fractions of money.
public struct SMSPrices: Sendable, Hashable {
    /// ISO 4217, for example `USD`.
    public var currency: String
    /// Millionths for numbers whose country has no price of its own; nil: not known.
    public var standard: Int64?
    /// Millionths by calling code or longer prefix, without `+`.
    public var byPrefix: [String: Int64]

    public init(currency: String, standard: Int64?, byPrefix: [String: Int64]) {
        self.currency = currency
        self.standard = standard
        self.byPrefix = byPrefix
    }

    /// Reads `USD:default=0.01,1=0.0079,49=0.075`; nil when it is not of that form.
    public init?(_ text: String) {
        let sides = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, sides[0].utf8.count == 3, sides[0].utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else { return nil }
        self.init(currency: String(sides[0]), standard: nil, byPrefix: [:])
        for entry in sides[1].split(separator: ",", omittingEmptySubsequences: false) {
            let parts = entry.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let price = Self.millionths(parts[1]) else { return nil }
            if parts[0] == "default" {
                guard standard == nil else { return nil }
                standard = price
            } else {
                let isPrefix = (1...15).contains(parts[0].utf8.count) && parts[0].utf8.allSatisfy { (0x30...0x39).contains($0) }
                guard isPrefix, byPrefix.updateValue(price, forKey: String(parts[0])) == nil else { return nil }
            }
        }
    }

    /// Millionths for one part to a number in E.164: the longest prefix that fits.
    public func segmentPrice(to number: String) -> Int64? {
        var prefix = number.hasPrefix("+") ? number.dropFirst() : number[...]
        while !prefix.isEmpty {
            if let price = byPrefix[String(prefix)] { return price }
            prefix = prefix.dropLast()
        }
        return standard
    }

    /// The price of a whole message as decimal text; nil where the country's price is not known.
    public func cost(segments: Int, to number: String) -> String? {
        guard let price = segmentPrice(to: number) else { return nil }
        let (total, overflow) = price.multipliedReportingOverflow(by: Int64(segments))
        return overflow ? nil : Self.decimal(total)
    }

    /// At least two decimals, at most six, none beyond those for nothing: `0.01`, `0.0158`.
    static func decimal(_ millionths: Int64) -> String {
        let magnitude = millionths.magnitude
        var fraction = String(magnitude % 1_000_000)
        fraction = String(repeating: "0", count: 6 - fraction.count) + fraction
        while fraction.utf8.count > 2, fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(millionths < 0 ? "-" : "")\(magnitude / 1_000_000).\(fraction)"
    }

    /// A decimal below a million with at most six digits after the point.
    private static func millionths(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, (1...6).contains(whole.utf8.count), whole.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let units = Int64(whole)
        else { return nil }
        guard parts.count == 2 else { return units * 1_000_000 }
        let fraction = parts[1]
        guard (1...6).contains(fraction.utf8.count), fraction.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let small = Int64(fraction + String(repeating: "0", count: 6 - fraction.utf8.count))
        else { return nil }
        return units * 1_000_000 + small
    }
}
