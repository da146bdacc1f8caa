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

    /// What goes into a file or another program, byte for byte.
    static func write(_ bytes: [UInt8]) {
        put(bytes, 1)
    }

    private static func put(_ text: String, _ descriptor: Int32) {
        put(Array(text.utf8), descriptor)
    }

    /// Straight to the descriptor: standard output is a buffered file when it is a pipe, and the start line must not wait.
    private static func put(_ bytes: [UInt8], _ descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { descriptorWrite(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

private func descriptorWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
