import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ByteBuffer {
    /// Where `pattern` begins, counted from the reader index. The generic collection search costs a millisecond for a mail,
    /// which would measure the sink instead of the server.
    func offset(of pattern: [UInt8], from start: Int = 0) -> Int? {
        withUnsafeReadableBytes { bytes -> Int? in
            guard start >= 0, start < bytes.count, let base = bytes.baseAddress else { return nil }
            guard let found = memmem(base + start, bytes.count - start, pattern, pattern.count) else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// `count` bytes as text, from `offset` after the reader index.
    func text(at offset: Int, count: Int) -> String {
        getString(at: readerIndex + offset, length: min(count, readableBytes - offset)) ?? ""
    }
}
