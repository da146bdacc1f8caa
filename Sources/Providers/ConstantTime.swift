/// Comparison of secrets and signatures.
public enum ConstantTime {
    /// Takes the same time wherever the two differ; only a different length is found at once.
    public static func equal(_ a: String, _ b: String) -> Bool {
        guard a.utf8.count == b.utf8.count else { return false }
        return zip(a.utf8, b.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
