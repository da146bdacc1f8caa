/// The name of somebody who works with the product.
public enum PersonName {
    public static let longest = 100

    /// What is wrong in a few words, nil when nothing is.
    public static func check(_ name: String) -> String? {
        guard (1...longest).contains(name.unicodeScalars.count) else { return "must have 1 to \(longest) characters" }
        let hasControl = name.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
            default: false
            }
        }
        return hasControl ? "must not contain line breaks or control characters" : nil
    }
}
