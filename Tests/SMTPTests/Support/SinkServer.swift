import NIOCore
import NIOPosix
import Testing

@testable import SMTP

/// Postfix's smtp-sink on a free port.
final class SinkServer: Sendable {
    let port: Int
    private let child: ChildProcess

    init(_ options: [String] = []) async throws {
        let program = try ChildProcess.find("smtp-sink", install: "apt-get install postfix")
        port = try await FreePort.find()
        let arguments = (["-u", "root"] + options + ["127.0.0.1:\(port)", "1000"]).joined(separator: " ")
        // The shell ends the sink when its input closes, so that a crashed test leaves nothing behind; children of a test inherit a
        // signal mask that blocks TERM.
        child = try ChildProcess(
            ["sh", "-c", "\(program) \(arguments) > /dev/null 2>&1 & sink=$!; cat > /dev/null; kill -9 $sink; wait"],
            install: "a POSIX shell")
        try await FreePort.waitUntilListening(port)
    }

    func stop() { child.stop() }
}

enum FreePort {
    static func find() async throws -> Int {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        return try #require(server.localAddress?.port)
    }

    static func waitUntilListening(_ port: Int) async throws {
        for _ in 0..<500 {
            let attempt = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port)
            if let channel = try? await attempt.get() {
                try await channel.close()
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ChildProcess.Failure(description: "nothing listens on port \(port)")
    }
}
