import NIOCore

/// Takes a message off the wire up to `<CRLF>.<CRLF>` and nothing else: a bare LF or CR never ends a line here, so that no two servers
/// can disagree on where a message ends (SMTP smuggling). Undoes dot-stuffing (RFC 5321, section 4.5.2).
struct DataReader {
    enum Progress: Equatable {
        case more, ended, tooLarge
    }

    private enum State {
        case lineStart, text, carriageReturn, dot, dotCarriageReturn
    }

    private let keptBytes: Int
    private let maxBytes: Int
    private var state = State.lineStart
    private(set) var kept: [UInt8] = []
    private(set) var size = 0

    init(keptBytes: Int, maxBytes: Int) {
        self.keptBytes = keptBytes
        self.maxBytes = maxBytes
    }

    /// Takes what belongs to the message; what comes behind its end stays in the buffer.
    mutating func read(_ buffer: inout ByteBuffer) -> Progress {
        var taken = 0
        var progress = Progress.more
        buffer.withUnsafeReadableBytes { bytes in
            while taken < bytes.count {
                if state == .text {
                    let end = bytes[taken...].firstIndex(of: 0x0D) ?? bytes.count
                    emit(UnsafeRawBufferPointer(rebasing: bytes[taken..<end]))
                    taken = end
                    if taken == bytes.count { break }
                }
                let byte = bytes[taken]
                taken += 1
                if step(byte) {
                    progress = .ended
                    return
                }
                if size > maxBytes { break }
            }
            if size > maxBytes { progress = .tooLarge }
        }
        buffer.moveReaderIndex(forwardBy: taken)
        return progress
    }

    /// True at the end of the message.
    private mutating func step(_ byte: UInt8) -> Bool {
        switch (state, byte) {
        case (.lineStart, 0x2E):
            state = .dot
            return false
        case (.dot, 0x0D):
            state = .dotCarriageReturn
            return false
        case (.dotCarriageReturn, 0x0A):
            return true
        case (.dotCarriageReturn, _):
            emit(0x0D)
            state = byte == 0x0D ? .carriageReturn : .text
        case (.carriageReturn, 0x0A):
            state = .lineStart
        case (_, 0x0D):
            state = .carriageReturn
        default:
            state = .text
        }
        emit(byte)
        return false
    }

    private mutating func emit(_ byte: UInt8) {
        size += 1
        if kept.count < keptBytes { kept.append(byte) }
    }

    private mutating func emit(_ bytes: UnsafeRawBufferPointer) {
        size += bytes.count
        if kept.count < keptBytes { kept.append(contentsOf: bytes.prefix(keptBytes - kept.count)) }
    }
}
