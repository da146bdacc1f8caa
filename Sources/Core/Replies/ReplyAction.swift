/// What a reply does in the words of the workflow. `select` and `confirm` answer what a plan waits for; a business's own patterns may
/// name further ones.
public struct ReplyAction: Sendable, Hashable, CustomStringConvertible {
    public let name: String

    /// Nil unless `name` is 1 to 64 characters of `a-z 0-9 _`, beginning with a letter.
    public init?(_ name: String) {
        let bytes = name.utf8
        guard (1...64).contains(bytes.count), let first = bytes.first, (0x61...0x7A).contains(first),
            bytes.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") })
        else { return nil }
        self.name = name
    }

    private init(known name: String) {
        self.name = name
    }

    /// One of several was chosen; the value says which.
    public static let select = ReplyAction(known: "select")
    /// Yes.
    public static let confirm = ReplyAction(known: "confirm")
    /// No, to what was asked; not an opt-out.
    public static let decline = ReplyAction(known: "decline")

    /// Whether it answers a question that a plan waits for. A "no" does not: something else has to be chosen then.
    public var answersQuestion: Bool { self == .select || self == .confirm }

    public var description: String { name }
}

/// What a reply was taken to mean.
public struct ReplyMeaning: Sendable, Hashable {
    public var action: ReplyAction
    /// For `select`: which one.
    public var value: String?

    public init(action: ReplyAction, value: String?) {
        self.action = action
        self.value = value
    }
}
