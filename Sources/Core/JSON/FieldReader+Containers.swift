extension FieldReader {
    /// An object, read by `read`. Its errors and unknown members are noted here, under the path of `key`.
    public mutating func object<Value>(_ key: String, _ read: (inout FieldReader) -> Value?) -> Value? {
        present(key).flatMap { nested($0, key, read) }
    }

    /// As ``object(_:_:)``, but notes an error when the member is absent or null.
    public mutating func requiredObject<Value>(_ key: String, _ read: (inout FieldReader) -> Value?) -> Value? {
        required(key).flatMap { nested($0, key, read) }
    }

    /// A list of objects, each read by `read`. An element for which `read` is nil is left out.
    public mutating func objects<Value>(_ key: String, maxCount: Int, _ read: (inout FieldReader) -> Value?) -> [Value]? {
        guard let elements = elements(key, maxCount: maxCount) else { return nil }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            if let value = nested(element, "\(key)[\(index)]", read) { values.append(value) }
        }
        return values
    }

    /// The elements of a list, for a caller who judges each on its own.
    public mutating func elements(_ key: String, maxCount: Int) -> [JSONView]? {
        present(key).flatMap { list($0, key, maxCount) }
    }

    /// As ``elements(_:maxCount:)``, but notes an error when the member is absent, null or empty.
    public mutating func requiredElements(_ key: String, maxCount: Int) -> [JSONView] {
        guard let view = required(key), let elements = list(view, key, maxCount) else { return [] }
        if elements.isEmpty { fail(key, "must not be empty") }
        return elements
    }

    /// A free-form object that is kept as it was written: checked to be storable as JSON in any of our databases.
    ///
    /// Beyond the grammar those refuse U+0000 anywhere and numbers far outside the range of a double.
    public mutating func freeForm(_ key: String, maxBytes: Int) -> JSONView? {
        guard let value = present(key) else { return nil }
        guard value.kind == .object else { return note(key, "must be an object") }
        guard value.rawBytes.count <= maxBytes else { return note(key, "must be at most \(maxBytes) bytes of JSON") }
        if value.containsNUL { return note(key, "must not contain the character U+0000") }
        if value.containsExtremeNumber { return note(key, "must not contain numbers outside the range of a double") }
        return value
    }

    private mutating func nested<Value>(_ view: JSONView, _ key: String, _ read: (inout FieldReader) -> Value?) -> Value? {
        guard view.kind == .object else { return note(key, "must be an object") }
        var reader = FieldReader(object: view, path: path(to: key))
        let value = read(&reader)
        reader.noteUnknownMembers()
        for error in reader.errors { add(error) }
        return value
    }

    private mutating func list(_ view: JSONView, _ key: String, _ maxCount: Int) -> [JSONView]? {
        guard view.kind == .array else { return note(key, "must be a list") }
        var elements: [JSONView] = []
        for element in view.elements {
            guard elements.count < maxCount else { return note(key, "must have at most \(maxCount) elements") }
            elements.append(element)
        }
        return elements
    }
}

extension JSONView {
    /// Whether a number inside (or this one) overflows a double or is absurdly long, which databases' decimal types refuse.
    var containsExtremeNumber: Bool {
        for index in self.index..<Int(node.next) {
            let node = document.nodes[index]
            guard node.kind == .number else { continue }
            let length = node.end &- node.start
            if length > 400 { return true }
            guard node.flags.contains(.fractional) || length > 300 else { continue }
            let view = JSONView(document: document, index: index)
            guard view.double != nil, view.exponent.magnitude <= 400 else { return true }
        }
        return false
    }

    /// The exponent as written; 0 when there is none, 1000 when it is not even a small number.
    private var exponent: Int {
        guard let mark = rawBytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { return 0 }
        return Int(String(decoding: rawBytes[(mark + 1)...], as: UTF8.self)) ?? 1_000
    }
}
