import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The DATA form of a message (RFC 5321, 4.5.2).
enum DotStuffing {
    /// Writes the message with every line ended by CRLF (bare CR and bare LF become CRLF), lines that begin with a dot doubled, and
    /// the final `.` line. One pass; stretches without change are copied whole.
    static func write(_ message: [UInt8], into output: inout ByteBuffer) {
        output.reserveCapacity(minimumWritableBytes: message.count + message.count / 64 + 8)
        var endsWithLineBreak = true
        message.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, bytes.count > 0 else { return }
            var scan = 0
            var copied = 0
            func copy(upTo end: Int) {
                if end > copied { output.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[copied..<end])) }
                copied = end
            }
            while scan < bytes.count {
                if bytes[scan] == 0x2E {
                    copy(upTo: scan)
                    output.writeInteger(UInt8(0x2E))
                }
                let lineEnd = endOfLine(base, from: scan, count: bytes.count)
                endsWithLineBreak = lineEnd < bytes.count
                guard endsWithLineBreak else { break }
                if bytes[lineEnd] == 0x0D, lineEnd + 1 < bytes.count, bytes[lineEnd + 1] == 0x0A {
                    scan = lineEnd + 2
                } else {
                    copy(upTo: lineEnd)
                    output.writeStaticString("\r\n")
                    copied = lineEnd + 1
                    scan = lineEnd + 1
                }
            }
            copy(upTo: bytes.count)
        }
        if endsWithLineBreak {
            output.writeStaticString(".\r\n")
        } else {
            output.writeStaticString("\r\n.\r\n")
        }
    }

    /// The position of the first CR or LF at or after `start`; `count` when there is none.
    private static func endOfLine(_ base: UnsafeRawPointer, from start: Int, count: Int) -> Int {
        let carriageReturn = memchr(base + start, 0x0D, count - start).map { UnsafeRawPointer($0) - base } ?? count
        let lineFeed = memchr(base + start, 0x0A, carriageReturn - start).map { UnsafeRawPointer($0) - base }
        return lineFeed ?? carriageReturn
    }

    /// Whether any octet has its high bit set.
    static func is8Bit(_ message: [UInt8]) -> Bool {
        message.withUnsafeBytes { bytes in
            var index = 0
            var seen: UInt64 = 0
            while index + 8 <= bytes.count {
                seen |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                index += 8
            }
            while index < bytes.count {
                seen |= UInt64(bytes[index])
                index += 1
            }
            return seen & 0x8080_8080_8080_8080 != 0
        }
    }

    /// Whether an octet with its high bit set stands before the first empty line: such headers need SMTPUTF8 (RFC 6532).
    static func hasRawHeaders(_ message: [UInt8]) -> Bool {
        var isLineStart = true
        for byte in message {
            if byte >= 0x80 { return true }
            if byte == 0x0A {
                if isLineStart { return false }
                isLineStart = true
            } else if byte != 0x0D {
                isLineStart = false
            }
        }
        return false
    }
}
