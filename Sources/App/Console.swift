#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What people read in a terminal: answers on standard output, complaints on standard error.
enum Console {
    static func say(_ text: String = "") {
        put(text + "\n", 1)
    }

    /// Without the end of the line; on standard error, so that answers can be piped.
    static func ask(_ text: String) {
        put(text, 2)
    }

    static func complain(_ text: String) {
        put("rapport: \(text)\n", 2)
    }

    /// Straight to the descriptor: standard output is a buffered file when it is a pipe, and the start line must not wait.
    private static func put(_ text: String, _ descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
