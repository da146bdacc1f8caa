import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A shell script that a test runs beside itself.
///
/// Its end is told by a line that it prints, never by the end of a pipe or by waiting for the process: another child that was
/// started at the same moment may have inherited both and hold them open.
public final class ShellChild: Sendable {
    /// What it prints.
    public let lines: AsyncStream<String>
    private let input: FileHandle

    /// - Parameter arguments: `$1` and so on.
    public init(_ script: String, _ arguments: [String]) throws {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "sh"] + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try Self.withSignals { try process.run() }
        self.input = input.fileHandleForWriting
        let (lines, continuation) = AsyncStream<String>.makeStream()
        self.lines = lines
        let handle = output.fileHandleForReading
        // A thread of its own: dispatch's readability handlers crash now and then when a pipe ends.
        Thread.detachNewThread { Self.read(handle, continuation) }
    }

    deinit {
        try? input.close()
    }

    /// Threads of the concurrency runtime block SIGCHLD, children inherit that, and a shell without it waits for ever.
    private static func withSignals(_ start: () throws -> Void) rethrows {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_UNBLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try start()
    }

    private static func read(_ handle: FileHandle, _ continuation: AsyncStream<String>.Continuation) {
        var rest = ""
        while true {
            let data = handle.availableData
            if data.isEmpty { break }
            rest += String(decoding: data, as: UTF8.self)
            while let end = rest.firstIndex(of: "\n") {
                continuation.yield(String(rest[..<end]))
                rest = String(rest[rest.index(after: end)...])
            }
        }
        continuation.finish()
    }
}
