/// Fields of a record whose sealed values did not open: another key, another row, or damaged. Lists show what is left of such a record,
/// because one damaged value must not hide all the others; whoever asks for the record itself is refused.
public struct UnreadableFields: Sendable, Hashable {
    /// As the API names them.
    public private(set) var names: [String] = []
    /// Which value it is, for the log.
    public private(set) var reasons: [String] = []

    public init() {}

    public var isEmpty: Bool { names.isEmpty }

    /// What `open` gives; nil where the value does not open, which is then noted.
    public mutating func opened<T>(_ name: String, _ open: () throws -> T?) throws -> T? {
        do {
            return try open()
        } catch DatabaseError.sealed(let reason) {
            names.append(name)
            reasons.append(reason)
            return nil
        }
    }
}
