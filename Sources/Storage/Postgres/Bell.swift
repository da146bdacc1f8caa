#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Wakes a thread that waits for a socket: a pipe to itself.
final class Bell: Sendable {
    enum Waking {
        case rung
        /// The socket has something.
        case other
        case nothing
    }

    private let reading: Int32
    private let writing: Int32

    init() throws(DatabaseError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw .unavailable(.overloaded, details: "no file descriptors left") }
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        _ = close(reading)
        _ = close(writing)
    }

    /// A full pipe has rung already.
    func ring() {
        var byte: UInt8 = 1
        _ = write(writing, &byte, 1)
    }

    func wait(beside socket: Int32, milliseconds: Int32) -> Waking {
        var descriptors = [pollfd(fd: reading, events: Int16(POLLIN), revents: 0), pollfd(fd: socket, events: Int16(POLLIN), revents: 0)]
        guard poll(&descriptors, 2, milliseconds) > 0 else { return .nothing }
        guard descriptors[0].revents != 0 else { return .other }
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(reading, &bytes, bytes.count) > 0 {}
        return .rung
    }
}
