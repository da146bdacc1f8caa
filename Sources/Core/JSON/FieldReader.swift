/// Reads the members of a JSON object into Swift values and collects everything that is wrong with them.
///
/// ```swift
/// var body = try FieldReader(document.root)
/// let request = Request(
///     clientID: body.requiredString("client_id", maxLength: 200),
///     urgency: body.oneOf("urgency", as: Urgency.self),
///     tags: body.strings("tags", maxCount: 50, maxLength: 100) ?? [],
///     recipient: body.object("recipient") { recipient in Recipient(email: recipient.string("email", maxLength: 320)) }
/// )
/// try body.finish()
/// ```
///
/// Optional readings are nil when the member is absent or null. Required readings hand back a placeholder after they noted the
/// error; ``finish(allowingUnknown:)`` throws before a placeholder can be used. A member nobody read is an "unknown field".
public struct FieldReader {
    /// More errors than this are not collected: an answer must stay small, whatever was sent.
    public static let maximumErrors = 100

    /// The object that is read.
    public let view: JSONView
    private let path: String
    private(set) var errors: [FieldError] = []
    private var read = ReadMembers()

    /// - Parameter path: what precedes the names in errors, e.g. `requests[3]`.
    public init(_ view: JSONView, path: String = "") throws(ValidationError) {
        guard view.kind == .object else {
            throw ValidationError(errors: [FieldError(field: path, message: "must be an object")])
        }
        self.init(object: view, path: path)
    }

    init(object: JSONView, path: String) {
        view = object
        self.path = path
    }

    /// The member, null included; nil when it is absent. Counts as read.
    public mutating func value(_ key: String) -> JSONView? {
        var key = key
        let document = view.document
        let end = Int(view.node.next)
        return key.withUTF8 { utf8 in
            var index = view.index + 1
            var ordinal = 0
            while index + 1 < end {
                if document.tape.isKey(document.nodes[index], equalTo: utf8) {
                    read.insert(ordinal)
                    return JSONView(document: document, index: index + 1)
                }
                index = Int(document.nodes[index + 1].next)
                ordinal += 1
            }
            return nil
        }
    }

    /// Whether the object has the member, be it null: for partial updates, where null clears and absence keeps.
    public mutating func contains(_ key: String) -> Bool { value(key) != nil }

    /// Notes an error on one member. `key` may be a path below this object.
    public mutating func fail(_ key: String, _ message: String) {
        add(FieldError(field: Self.join(path, key), message: message))
    }

    /// Throws if anything was noted, or if the object has members that were not read.
    public mutating func finish(allowingUnknown: Bool = false) throws(ValidationError) {
        if !allowingUnknown { noteUnknownMembers() }
        guard errors.isEmpty else { throw ValidationError(errors: errors) }
    }

    mutating func noteUnknownMembers() {
        var ordinal = 0
        for (key, _) in view.members {
            guard errors.count < Self.maximumErrors else { return }
            if !read.contains(ordinal) { fail(String(key.prefix(100)), "unknown field") }
            ordinal += 1
        }
    }

    mutating func add(_ error: FieldError) {
        if errors.count < Self.maximumErrors { errors.append(error) }
    }

    /// The member unless it is absent or null.
    mutating func present(_ key: String) -> JSONView? {
        guard let value = value(key), !value.isNull else { return nil }
        return value
    }

    /// The member; notes an error when it is absent or null.
    mutating func required(_ key: String) -> JSONView? {
        let value = present(key)
        if value == nil { fail(key, "is required") }
        return value
    }

    func path(to key: String) -> String { Self.join(path, key) }

    private static func join(_ path: String, _ key: String) -> String {
        path.isEmpty ? key : key.isEmpty ? path : "\(path).\(key)"
    }
}

/// Which members of an object were read, by their position. No allocation for the first 64.
private struct ReadMembers {
    private var first: UInt64 = 0
    private var others: Set<Int> = []

    mutating func insert(_ ordinal: Int) {
        if ordinal < 64 { first |= 1 << UInt64(ordinal) } else { others.insert(ordinal) }
    }

    func contains(_ ordinal: Int) -> Bool {
        ordinal < 64 ? first & (1 << UInt64(ordinal)) != 0 : others.contains(ordinal)
    }
}
