import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Takes whole lines and writes each with one `write(2)`.
///
/// A reader that stands still must not stop the engine: a line waits a moment for room, then lines are dropped and
/// counted until the reader takes some again; the first line after that says how many are missing.
public final class LogSink: Sendable {
    private struct State: Sendable {
        var isStalled = false
        var dropped = 0
    }

    /// What a pipe takes without blocking once it reports room (`PIPE_BUF` on Linux).
    static let longestLine = 4096

    private let descriptor: Int32
    private let patience: Int32
    private let state = Mutex(State())

    /// - Parameters:
    ///   - descriptor: an open file descriptor; it stays the caller's.
    ///   - patienceMilliseconds: how long the first line waits for a reader that stands still.
    public init(descriptor: Int32 = 2, patienceMilliseconds: Int32 = 250) {
        self.descriptor = descriptor
        patience = patienceMilliseconds
    }

    /// Writes one line, which ends with a line feed.
    public func write(_ line: [UInt8]) {
        state.withLock { state in
            guard hasRoom(waiting: state.isStalled ? 0 : patience) else {
                state.isStalled = true
                state.dropped &+= 1
                return
            }
            state.isStalled = false
            if state.dropped > 0 {
                let missing = Array(
                    "{\"level\":\"WARNING\",\"component\":\"rapport.log\",\"event\":\"log_lines_dropped\",\"count\":\(state.dropped)}\n"
                        .utf8)
                if put(missing) { state.dropped = 0 }
                guard hasRoom(waiting: 0) else {
                    state.isStalled = true
                    state.dropped &+= 1
                    return
                }
            }
            if !put(line) { state.dropped &+= 1 }
        }
    }

    private func hasRoom(waiting milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, milliseconds) > 0 && request.revents & Int16(POLLOUT) != 0
    }

    private func put(_ line: [UInt8]) -> Bool {
        #if canImport(Glibc)
            return Glibc.write(descriptor, line, line.count) == line.count
        #elseif canImport(Musl)
            return Musl.write(descriptor, line, line.count) == line.count
        #else
            return Darwin.write(descriptor, line, line.count) == line.count
        #endif
    }
}
