/// Where values come from: the environment, and below it a file of the same keys.
struct SettingsSource: Sendable {
    private let values: [Setting: String]

    /// - Parameters:
    ///   - environment: wins over the file. Keys that are not ours are ignored there.
    ///   - file: lines `KEY=VALUE`, `#` comments, values bare or in quotes. Every key in it must be known.
    init(environment: [String: String], file: (name: String, text: String)? = nil) throws(SettingsError) {
        var values: [Setting: String] = [:]
        if let file { values = try Self.parse(file.text, name: file.name) }
        for setting in Setting.allCases {
            if let value = environment[setting.rawValue] { values[setting] = value }
        }
        self.values = values
    }

    private static func parse(_ text: String, name: String) throws(SettingsError) -> [Setting: String] {
        var values: [Setting: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, raw) in lines.enumerated() {
            let line = trimmed(raw)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw SettingsError(file: name, line: index + 1, "expected KEY=VALUE")
            }
            let key = String(trimmed(line[..<equals]))
            guard let setting = Setting(rawValue: key) else {
                throw SettingsError(file: name, line: index + 1, "\(printable(key)) is no key that this program knows")
            }
            guard values[setting] == nil else { throw SettingsError(file: name, line: index + 1, "\(key) stands there twice") }
            let value = trimmed(line[line.index(after: equals)...])
            guard let plain = unquoted(value) else {
                throw SettingsError(file: name, line: index + 1, "\(key): the quote is not closed")
            }
            values[setting] = plain
        }
        return values
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// Nil when a quote is opened and not closed.
    private static func unquoted(_ text: Substring) -> String? {
        guard let quote = text.first, quote == "\"" || quote == "'" else { return String(text) }
        guard text.count >= 2, text.last == quote else { return nil }
        return String(text.dropFirst().dropLast())
    }

    private static func printable(_ key: String) -> String {
        String(key.unicodeScalars.filter { $0.value > 0x20 && $0.value < 0x7F }.prefix(60).map(Character.init))
    }

    /// The value as it stands there, also when it is empty.
    func raw(_ setting: Setting) -> String? {
        values[setting]
    }

    /// The value without the space around it; nil when it is not set or empty.
    func text(_ setting: Setting) throws(SettingsError) -> String? {
        guard let value = values[setting] else { return nil }
        let plain = String(Self.trimmed(value[...]))
        guard plain.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw SettingsError(setting, "holds a control character")
        }
        return plain.isEmpty ? nil : plain
    }

    func integer(_ setting: Setting, _ range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        guard let text = try text(setting) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw SettingsError(setting, "must be a number from \(range.lowerBound) to \(range.upperBound)\(shown(setting, text))")
        }
        return number
    }

    func flag(_ setting: Setting) throws(SettingsError) -> Bool? {
        guard let text = try text(setting) else { return nil }
        switch text.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw SettingsError(setting, "must be true or false\(shown(setting, text))")
        }
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(_ setting: Setting, _ type: Value.Type) throws(SettingsError) -> Value? {
        guard let text = try text(setting) else { return nil }
        guard let value = Value(rawValue: text.lowercased()) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingsError(setting, "must be one of \(names)\(shown(setting, text))")
        }
        return value
    }

    /// An address of one of these schemes with a host and nothing behind the path; without a slash at its end.
    func url(_ setting: Setting, schemes: [String]) throws(SettingsError) -> String? {
        guard var text = try text(setting) else { return nil }
        while text.hasSuffix("/") { text.removeLast() }
        let scheme = schemes.first { text.lowercased().hasPrefix($0 + "://") }
        guard let scheme, let host = text.dropFirst(scheme.count + 3).first, host != "/", host != ":",
            !text.contains(where: { $0.isWhitespace || $0 == "?" || $0 == "#" })
        else {
            let forms = schemes.map { $0 + "://…" }.joined(separator: " or ")
            throw SettingsError(setting, "must be an address \(forms) without a query\(shown(setting, text))")
        }
        // It would stand in every link.
        guard !text.dropFirst(scheme.count + 3).prefix(while: { $0 != "/" }).contains("@") else {
            throw SettingsError(setting, "the address must not hold a user name")
        }
        return text
    }

    /// The end of a complaint: what stood there, unless it is a secret.
    private func shown(_ setting: Setting, _ text: String) -> String {
        setting.isSecret ? "" : ", not '\(text.prefix(60))'"
    }
}
