/// Servers' words, made fit for records.
public enum MailWords {
    /// Without addresses and control characters, at most `limit` characters.
    ///
    /// - Parameter addresses: those that are known; their local parts fall out too where they stand by themselves.
    public static func clean(_ text: String, without addresses: [String] = [], limit: Int = 400) -> String {
        let locals = Set(addresses.compactMap { $0.split(separator: "@").first?.lowercased() }.filter { $0.utf8.count >= 2 })
        var output = ""
        var word = ""
        var count = 0
        func flush() {
            if word.utf8.contains(0x40) || locals.contains(word.lowercased()) { output += "(address)" } else { output += word }
            word = ""
        }
        for scalar in text.unicodeScalars {
            guard count < limit else { break }
            count += 1
            switch scalar {
            case " ", "<", ">", "\"", "'", "(", ")", ",", ";", ":", "[", "]", "\n", "\r", "\t":
                flush()
                if scalar.value >= 0x20 { output.unicodeScalars.append(scalar) } else if output.last != " " { output += " " }
            default:
                if scalar.value >= 0x20, scalar.value != 0x7F { word.unicodeScalars.append(scalar) }
            }
        }
        // A word that is cut may be the beginning of an address.
        if count < limit { flush() }
        return output
    }
}
