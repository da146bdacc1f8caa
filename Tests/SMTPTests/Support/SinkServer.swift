import NIOCore
import NIOPosix

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
    /// Below the range the system hands out by itself, so that no other test is given it in the meantime.
    static func find() async throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            let attempt = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: port)
            guard let server = try? await attempt.get() else { continue }
            try await server.close()
            return port
        }
        throw ChildProcess.Failure(description: "no free port")
    }

    static func waitUntilListening(_ port: Int) async throws {
        for _ in 0..<500 {
            let attempt = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port)
            if let channel = try? await attempt.get() {
                try await channel.close()
                return
            }
            // Another program: it says nothing when it is ready.
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ChildProcess.Failure(description: "nothing listens on port \(port)")
    }
}
