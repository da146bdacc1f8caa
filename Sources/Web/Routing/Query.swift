import Core

/// Reads the query of a request (or an HTML form) and collects everything that is wrong with it.
///
/// As ``FieldReader`` does for bodies: a parameter that nobody read, that occurs twice or does not fit is named in a 422.
public struct Query: Sendable {
    private var values: [(name: String, value: String)] = []
    private var read: Set<String> = []
    private var errors: [FieldError] = []

    /// - Parameter text: what stands behind the `?`.
    public init(_ text: String?) {
        guard let text, !text.isEmpty else { return }
        for pair in text.split(separator: "&").prefix(64) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.flatMap({ Self.decoded($0) }) else {
                fail("", "the query is not percent-encoded UTF-8")
                continue
            }
            guard let value = Self.decoded(parts.count == 2 ? parts[1] : "") else {
                fail(name, "must be percent-encoded UTF-8 without U+0000")
                read.insert(name)
                continue
            }
            if values.contains(where: { $0.name == name }) { fail(name, "occurs twice") } else { values.append((name, value)) }
        }
    }

    /// No text of ours holds U+0000: PostgreSQL has no place for it.
    private static func decoded(_ text: Substring) -> String? {
        PercentDecoding.decode(Array(text.utf8), plusIsSpace: true).flatMap { $0.utf8.contains(0) ? nil : $0 }
    }

    /// Nil when absent or empty.
    public mutating func string(_ name: String, maxLength: Int = 200) -> String? {
        read.insert(name)
        guard let value = values.first(where: { $0.name == name })?.value, !value.isEmpty else { return nil }
        guard value.unicodeScalars.count <= maxLength else { return note(name, "must be at most \(maxLength) characters") }
        return value
    }

    public mutating func int(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            return note(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    public mutating func bool(_ name: String) -> Bool? {
        switch string(name) {
        case nil: nil
        case "true", "1": true
        case "false", "0": false
        default: note(name, "must be true or false")
        }
    }

    public mutating func oneOf<Value: RawRepresentable & CaseIterable>(_ name: String, as type: Value.Type = Value.self) -> Value?
    where Value.RawValue == String {
        guard let text = string(name) else { return nil }
        return Value(rawValue: text) ?? note(name, "must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
    }

    public mutating func time(_ name: String) -> Timestamp? {
        guard let text = string(name) else { return nil }
        // A `+` before the offset is read as a space, as forms demand; no RFC 3339 text holds one otherwise.
        return Timestamp(rfc3339: text.replacing(" ", with: "+")) ?? note(name, "must be an RFC 3339 time")
    }

    public mutating func clientID(_ name: String) -> ClientID? {
        guard let text = string(name) else { return nil }
        return ClientID(text) ?? note(name, ClientID.rule)
    }

    /// `limit` and `cursor`.
    ///
    /// - Parameter parts: of the list's sort key.
    public mutating func page(cursorParts parts: Int = 1) -> PageRequest {
        let limit = int("limit", in: 1...100) ?? 50
        guard let text = string("cursor", maxLength: 1_024) else { return PageRequest(limit: limit, cursor: nil) }
        guard let cursor = Cursor(text: text, count: parts) else {
            fail("cursor", Self.cursorRule)
            return PageRequest(limit: limit, cursor: nil)
        }
        return PageRequest(limit: limit, cursor: cursor)
    }

    static let cursorRule = "must be a next_cursor of this list"

    /// The cursor's last part as an id of ours; notes an error when it is none.
    public mutating func id(of page: PageRequest) -> UUIDv7? {
        guard let cursor = page.cursor else { return nil }
        return cursor.parts.last.flatMap { UUIDv7($0) } ?? note("cursor", Self.cursorRule)
    }

    /// Notes an error on one parameter.
    public mutating func fail(_ name: String, _ message: String) {
        if errors.count < FieldReader.maximumErrors { errors.append(FieldError(field: String(name.prefix(100)), message: message)) }
    }

    /// Throws if anything was noted or was not read.
    public mutating func finish() throws(ValidationError) {
        for (name, _) in values where !read.contains(name) { fail(name, "unknown parameter") }
        guard errors.isEmpty else { throw ValidationError(errors: errors) }
    }

    private mutating func note<Value>(_ name: String, _ message: String) -> Value? {
        fail(name, message)
        return nil
    }
}

/// Which part of a list is wanted.
public struct PageRequest: Sendable, Hashable {
    public var limit: Int
    public var cursor: Cursor?
}

extension ClientID {
    /// What callers are told about a text that is none.
    public static let rule = "must be 1 to 128 characters of A-Z a-z 0-9 . _ : @ -"
}
