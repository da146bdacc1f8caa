/// Who did something, for the records that must say so.
public struct Actor: Sendable, Hashable {
    /// What kind of somebody it is.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A program with an API key; the id is the key's.
        case key
        /// A person with an account; the id is theirs.
        case user
        /// The client themselves, through a signed link or a reply; the id is the client's.
        case client
        /// An outside service that told us; the id is its name.
        case provider
        /// The product itself, or whoever runs it, on the command line.
        case system
    }

    public var kind: Kind
    public var id: String
    /// For people who read the record: the key's name, the account's e-mail address.
    public var name: String?

    public init(_ kind: Kind, id: String, name: String? = nil) {
        self.kind = kind
        self.id = id
        self.name = name
    }

    public static let system = Actor(.system, id: "rapport")
    /// Whoever ran a command on the server.
    public static let commandLine = Actor(.system, id: "command_line")
}
