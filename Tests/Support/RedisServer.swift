import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A Redis server of one test, on a free port. It ends with the test, also when the test process dies.
public final class RedisServer: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private struct Running {
        var shell: ShellChild
        var id: pid_t
    }

    public let port: Int
    private let arguments: [String]
    private let running = Mutex<Running?>(nil)

    /// - Parameter tls: listens with TLS instead, with this certificate and key (paths).
    private init(port: Int, arguments: [String], tls: (certificate: String, key: String)?) {
        self.port = port
        var all = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", NSTemporaryDirectory()]
        if let tls {
            all += ["--port", "0", "--tls-port", "\(port)", "--tls-cert-file", tls.certificate, "--tls-key-file", tls.key]
            all += ["--tls-auth-clients", "no"]
        } else {
            all += ["--port", "\(port)"]
        }
        self.arguments = all + arguments
    }

    /// Starts a server for the time of `body`.
    public static func with<T>(
        _ arguments: [String] = [], tls: (certificate: String, key: String)? = nil, _ body: (RedisServer) async throws -> T
    ) async throws -> T {
        let server = try await start(arguments, tls: tls)
        defer { server.send(SIGKILL) }
        return try await body(server)
    }

    private static func start(_ arguments: [String], tls: (certificate: String, key: String)?) async throws -> RedisServer {
        var lastError: (any Error)?
        // Somebody else may take the port between looking and listening.
        for _ in 0..<5 {
            let server = RedisServer(port: try freePort(), arguments: arguments, tls: tls)
            do {
                try await server.launch()
                return server
            } catch {
                lastError = error
            }
        }
        throw lastError ?? Failure(description: "no Redis could be started")
    }

    public var url: String { "redis://127.0.0.1:\(port)" }

    /// Starts the server, first or again, with an empty store. Returns when it takes connections.
    public func launch() async throws {
        let shell = try ShellChild(Self.script, arguments)
        var id: pid_t = 0
        var said: [String] = []
        for await line in shell.lines {
            said.append(line)
            if line == "ended" { break }
            if line.hasPrefix("pid ") { id = pid_t(line.dropFirst(4)) ?? 0 }
            guard line.contains("Ready to accept connections"), id > 0 else { continue }
            running.withLock { $0 = Running(shell: shell, id: id) }
            return
        }
        throw Failure(description: "Redis did not start (apt-get install redis-server): \(said.suffix(3))")
    }

    /// Ends it without a goodbye, and waits until it is gone.
    public func kill() async {
        send(SIGKILL)
        guard let shell = running.withLock({ $0?.shell }) else { return }
        for await line in shell.lines where line == "ended" { break }
        running.withLock { $0 = nil }
    }

    /// It keeps its connections and says nothing any more.
    public func freeze() { send(SIGSTOP) }

    public func thaw() { send(SIGCONT) }

    private func send(_ signal: Int32) {
        let id = running.withLock { $0?.id ?? 0 }
        if id > 0 { _ = signalProcess(id, signal) }
    }

    /// The end of this process closes the shell's input, which ends the server too.
    private static let script = """
        exec 3<&0
        redis-server "$@" 3<&- & id=$!
        echo "pid $id"
        { cat; kill -9 $id; } <&3 >/dev/null 2>&1 &
        exec 3<&-
        wait $id
        echo ended
        """

    private static func freePort() throws -> Int {
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let socket = socket(AF_INET, stream, 0)
        guard socket >= 0 else { throw Failure(description: "no socket") }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
            }
        }
        guard bound else { throw Failure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

private func signalProcess(_ id: pid_t, _ signal: Int32) -> Int32 {
    kill(id, signal)
}
