/// Comparison of secrets and signatures.
public enum ConstantTime {
    /// Takes the same time wherever the two differ; only a different length is found at once.
    public static func equal(_ a: String, _ b: String) -> Bool {
        equal(Array(a.utf8), Array(b.utf8))
    }

    /// As ``equal(_:_:)-(String,String)`` for bytes.
    public static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
