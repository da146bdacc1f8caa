/// Readable text on a business's colour (WCAG 2.2, relative luminance and contrast ratio).
public enum BrandColor {
    /// Black or white as `#rrggbb`, whichever has the higher contrast on `color`; white when `color` is no `#rrggbb`.
    public static func readableText(on color: String) -> String {
        guard let luminance = luminance(of: color) else { return "#ffffff" }
        // Contrast with white is 1.05/(L+0.05), with black (L+0.05)/0.05; they are equal at L = sqrt(0.0525) - 0.05.
        return luminance > 0.179 ? "#000000" : "#ffffff"
    }

    private static func luminance(of color: String) -> Double? {
        let digits = Array(color.utf8)
        guard digits.count == 7, digits[0] == UInt8(ascii: "#") else { return nil }
        var channels: [Double] = []
        for index in stride(from: 1, to: 7, by: 2) {
            guard let high = Hexadecimal.value(of: digits[index]), let low = Hexadecimal.value(of: digits[index + 1]) else { return nil }
            channels.append(linear(Double(high << 4 | low) / 255))
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }

    /// The sRGB transfer curve, with x^2.4 by a cubic fit within 0.01: enough to choose between black and white.
    private static func linear(_ value: Double) -> Double {
        value <= 0.04045 ? value / 12.92 : value * (value * (value * 0.305306011 + 0.682171111) + 0.012522878)
    }
}
