/// What WhatsApp takes as text, and where.
public enum WhatsAppText {
    /// Of a free text, in UTF-16 units.
    public static let longest = 4096
    /// Of a document's or image's caption.
    public static let longestCaption = 1024
    /// Of one parameter of a template; the whole body has no more either (error 132005).
    public static let longestParameter = 1024

    /// A parameter's text as templates take it: no line breaks, no tabs, no run of spaces. Nil: nothing is left of it.
    public static func parameter(_ text: String) -> String? {
        var output = String.UnicodeScalarView()
        var needsSpace = false
        for scalar in text.unicodeScalars {
            if isBlank(scalar) {
                needsSpace = !output.isEmpty
            } else {
                if needsSpace { output.append(" ") }
                needsSpace = false
                output.append(scalar)
            }
        }
        return output.isEmpty ? nil : String(output)
    }

    /// What goes behind a button's address: no blanks at all.
    public static func suffix(_ text: String) -> String? {
        parameter(text)?.replacing(" ", with: "%20")
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || scalar.value == 0x7F || scalar.properties.isWhitespace
    }
}
