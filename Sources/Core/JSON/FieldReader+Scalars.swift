/// What a text may contain.
public enum FieldText: Sendable {
    /// Everything but U+0000, which databases refuse.
    case text
    /// No control characters at all: for whatever ends in a header, a log line or an address.
    case line
}

extension FieldReader {
    // MARK: Text

    /// - Parameter maxLength: in Unicode scalars, as databases count.
    public mutating func string(_ key: String, maxLength: Int, _ content: FieldText = .text, allowsEmpty: Bool = true) -> String? {
        present(key).flatMap { text($0, at: key, maxLength, content, allowsEmpty) }
    }

    /// - Parameter maxLength: in Unicode scalars, as databases count.
    public mutating func requiredString(
        _ key: String, maxLength: Int, _ content: FieldText = .text, allowsEmpty: Bool = false
    ) -> String {
        required(key).flatMap { text($0, at: key, maxLength, content, allowsEmpty) } ?? ""
    }

    /// A list of texts, none of them empty.
    public mutating func strings(_ key: String, maxCount: Int, maxLength: Int, _ content: FieldText = .text) -> [String]? {
        guard let elements = elements(key, maxCount: maxCount) else { return nil }
        var strings: [String] = []
        strings.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            if let string = text(element, at: "\(key)[\(index)]", maxLength, content, false) { strings.append(string) }
        }
        return strings
    }

    /// A text that only the caller can judge; what the check throws becomes the field's error.
    public mutating func convert<Value>(
        _ key: String, maxLength: Int = 1_000, _ check: (String) throws(FieldMessage) -> Value
    ) -> Value? {
        guard let string = string(key, maxLength: maxLength, .line) else { return nil }
        return converted(string, key, check)
    }

    /// - Parameter placeholder: what is handed back after an error was noted.
    public mutating func requiredConvert<Value>(
        _ key: String, maxLength: Int = 1_000, placeholder: Value, _ check: (String) throws(FieldMessage) -> Value
    ) -> Value {
        guard let view = required(key), let string = text(view, at: key, maxLength, .line, false) else { return placeholder }
        return converted(string, key, check) ?? placeholder
    }

    /// A text out of the raw values of an enumeration.
    public mutating func oneOf<Value: RawRepresentable & CaseIterable>(
        _ key: String, as type: Value.Type = Value.self
    ) -> Value? where Value.RawValue == String {
        present(key).flatMap { choice($0, key) }
    }

    /// - Parameter placeholder: what is handed back after an error was noted.
    public mutating func requiredOneOf<Value: RawRepresentable & CaseIterable>(
        _ key: String, placeholder: Value
    ) -> Value where Value.RawValue == String {
        required(key).flatMap { choice($0, key) } ?? placeholder
    }

    /// A list of texts out of the raw values of an enumeration, each at most once.
    public mutating func listOf<Value: RawRepresentable & CaseIterable & Equatable>(
        _ key: String, as type: Value.Type = Value.self
    ) -> [Value]? where Value.RawValue == String {
        guard let elements = elements(key, maxCount: Value.allCases.count) else { return nil }
        var values: [Value] = []
        for (index, element) in elements.enumerated() {
            guard let value: Value = choice(element, "\(key)[\(index)]") else { continue }
            if values.contains(value) { fail("\(key)[\(index)]", "occurs twice") } else { values.append(value) }
        }
        return values
    }

    // MARK: Numbers and truth

    public mutating func int(_ key: String, in range: ClosedRange<Int64>) -> Int64? {
        present(key).flatMap { integer($0, key, range) }
    }

    public mutating func requiredInt(_ key: String, in range: ClosedRange<Int64>) -> Int64 {
        required(key).flatMap { integer($0, key, range) } ?? range.lowerBound
    }

    /// A list of whole numbers.
    public mutating func ints(_ key: String, in range: ClosedRange<Int64>, maxCount: Int) -> [Int64]? {
        guard let elements = elements(key, maxCount: maxCount) else { return nil }
        return elements.enumerated().compactMap { index, element in integer(element, "\(key)[\(index)]", range) }
    }

    public mutating func bool(_ key: String) -> Bool? {
        present(key).flatMap { truth($0, key) }
    }

    public mutating func requiredBool(_ key: String) -> Bool {
        required(key).flatMap { truth($0, key) } ?? false
    }

    // MARK: Checks

    mutating func text(_ view: JSONView, at key: String, _ maxLength: Int, _ content: FieldText, _ allowsEmpty: Bool) -> String? {
        guard let string = view.string else { return note(key, "must be a string") }
        if string.isEmpty, !allowsEmpty { return note(key, "must not be empty") }
        if string.utf8.count > maxLength, string.unicodeScalars.count > maxLength {
            return note(key, "must be at most \(maxLength) characters")
        }
        switch content {
        case .text:
            if view.containsNUL { return note(key, "must not contain the character U+0000") }
        case .line:
            // U+0080…U+009F, U+2028 and U+2029 are control characters and line ends too.
            if string.unicodeScalars.contains(where: isControlOrLineEnd) {
                return note(key, "must not contain line breaks or control characters")
            }
        }
        return string
    }

    /// C0, DEL, C1, LINE SEPARATOR, PARAGRAPH SEPARATOR.
    private func isControlOrLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value | 1 == 0x2029
    }

    private mutating func converted<Value>(
        _ string: String, _ key: String, _ check: (String) throws(FieldMessage) -> Value
    ) -> Value? {
        do {
            return try check(string)
        } catch {
            return note(key, error.text)
        }
    }

    private mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ view: JSONView, _ key: String
    ) -> Value? where Value.RawValue == String {
        guard let string = view.string else { return note(key, "must be a string") }
        if let value = Value(rawValue: string) { return value }
        return note(key, "must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
    }

    private mutating func integer(_ view: JSONView, _ key: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let value = view.int64, range.contains(value) else {
            return note(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private mutating func truth(_ view: JSONView, _ key: String) -> Bool? {
        guard let value = view.bool else { return note(key, "must be true or false") }
        return value
    }

    /// Notes an error and is nil, so that a check can end with it.
    mutating func note<Value>(_ key: String, _ message: String) -> Value? {
        fail(key, message)
        return nil
    }
}
