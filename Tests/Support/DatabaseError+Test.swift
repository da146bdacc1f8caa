import Storage
import Testing

/// With the details that only the log shows otherwise.
extension DatabaseError: CustomTestStringConvertible {
    public var testDescription: String { String(reflecting: self) }
}
