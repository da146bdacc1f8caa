import Core

/// A place in a list, as the opaque text that callers hand back: base64url of the last item's sort key.
///
/// A forged cursor can only name another place in the caller's own list, so it carries no signature.
public struct Cursor: Sendable, Hashable {
    /// The sort key's parts, for example a time in milliseconds and an id.
    public let parts: [String]

    public init(_ parts: String...) {
        self.parts = parts
    }

    /// Nil unless `text` is a cursor of `count` parts.
    public init?(text: String, count: Int) {
        guard text.utf8.count <= 1_024, let bytes = Base64.decode(url: Array(text.utf8)) else { return nil }
        guard let joined = String(validating: bytes, as: UTF8.self) else { return nil }
        let parts = joined.split(separator: Self.separator, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == count else { return nil }
        self.parts = parts
    }

    public var text: String {
        Base64.encode(url: Array(parts.joined(separator: String(Self.separator)).utf8))
    }

    private static let separator: Character = "\u{1F}"
}
