import Foundation
import Synchronization
import Testing

/// A program started by a test. It ends when the test closes its standard input, also if the test dies.
final class ChildProcess: Sendable {
    struct Failure: Error, CustomStringConvertible { let description: String }

    private let process: Mutex<Process>
    private let input: Pipe
    private let lines: AsyncStream<String>

    /// - Parameter arguments: the first is the program, looked up in PATH and in /usr/sbin.
    init(_ arguments: [String], install: String, quiet: Bool = false) throws {
        // A child that dies early must fail its test, not end the run.
        signal(SIGPIPE, SIG_IGN)
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: try Self.find(arguments[0], install: install))
        process.arguments = Array(arguments.dropFirst())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = quiet ? FileHandle.nullDevice : FileHandle.standardError
        let (stream, continuation) = AsyncStream<String>.makeStream()
        try process.run()
        self.process = Mutex(process)
        self.input = input
        lines = stream
        let handle = output.fileHandleForReading
        // A thread of its own: dispatch's readability handlers crash now and then when a pipe ends.
        Thread.detachNewThread { Self.readLines(handle, continuation) }
    }

    private static func readLines(_ handle: FileHandle, _ continuation: AsyncStream<String>.Continuation) {
        var line: [UInt8] = []
        while true {
            let data = handle.availableData
            if data.isEmpty { break }
            for (index, piece) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
                if index > 0 {
                    continuation.yield(String(decoding: line, as: UTF8.self))
                    line = []
                }
                line += piece
            }
        }
        continuation.finish()
    }

    /// The next line of standard output; nil at its end. To be called by one task.
    func line() async -> String? {
        for await line in lines { return line }
        return nil
    }

    func write(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    func stop() { try? input.fileHandleForWriting.close() }

    static func find(_ program: String, install: String) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        for folder in path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"] {
            let candidate = folder + "/" + program
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
        throw Failure(description: "\(program) is needed by this test: \(install)")
    }

    /// Runs a Python script that reads standard input to its end and returns what it prints.
    static func python(_ script: String, arguments: [String] = [], input: String) async throws -> [String] {
        let child = try ChildProcess(["python3", "-c", script] + arguments, install: "apt-get install python3")
        try child.write(input)
        child.stop()
        var output: [String] = []
        while let line = await child.line() { output.append(line) }
        return output
    }
}
