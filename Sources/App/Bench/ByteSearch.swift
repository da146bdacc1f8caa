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
            guard start >= 0, let base = bytes.baseAddress, let first = pattern.first else { return nil }
            var position = start
            while position + pattern.count <= bytes.count {
                let span = bytes.count - pattern.count + 1 - position
                guard let found = memchr(base + position, Int32(first), span) else { return nil }
                if memcmp(found, pattern, pattern.count) == 0 { return UnsafeRawPointer(found) - base }
                position = UnsafeRawPointer(found) - base + 1
            }
            return nil
        }
    }

    /// `count` bytes as text, from `offset` after the reader index.
    func text(at offset: Int, count: Int) -> String {
        getString(at: readerIndex + offset, length: min(count, readableBytes - offset)) ?? ""
    }
}
