import Foundation

/// This program's own `serve`, as a process of its own, so that what is measured is what is shipped.
final class ServerProcess {
    private let process: Process
    let port: Int
    let apiKey: String

    /// Starts and waits until `/readyz` answers 200.
    ///
    /// - Parameter settings: beside those of the mail sink and the store.
    static func start(
        database: String, smtpPort: Int?, directory: URL, quiet: Bool = true, port: Int? = nil, settings: [(Setting, String)] = []
    ) async throws -> (
        ServerProcess, startup: Duration
    ) {
        let port = try port ?? freePort()
        let apiKey = "bench-key-0123456789abcdef0123456789abcdef"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["serve"]
        var environment = ProcessInfo.processInfo.environment
        for key in environment.keys where key.hasPrefix("SMTP_") || key.hasPrefix("TWILIO_") || key.hasPrefix("WHATSAPP_") {
            environment[key] = nil
        }
        environment["HOST"] = "127.0.0.1"
        environment["PORT"] = "\(port)"
        environment["DATABASE_URL"] = database
        environment["RAPPORT_API_KEY"] = apiKey
        environment["RATE_LIMITS"] = ""
        environment["LOG_LEVEL"] = "warning"
        environment["DB_ENCRYPTION_KEY"] = Data(repeating: 7, count: 32).base64EncodedString()
        environment["API_BASE_URL"] = "http://127.0.0.1:\(port)"
        for (setting, value) in settings { environment[setting.rawValue] = value }
        if let smtpPort {
            environment["SMTP_HOST"] = "127.0.0.1"
            environment["SMTP_PORT"] = "\(smtpPort)"
            environment["SMTP_TLS"] = "none"
            environment["SMTP_FROM_EMAIL"] = "bench@example.org"
            environment["SMTP_FROM_NAME"] = "Bench"
        }
        process.environment = environment
        process.currentDirectoryURL = directory
        process.standardOutput = FileHandle.nullDevice
        if quiet {
            let log = directory.appendingPathComponent("server.log")
            // Where it can not be made, opening it says why.
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
            process.standardError = try FileHandle(forWritingTo: log)
        }
        let clock = ContinuousClock()
        let began = clock.now
        try process.run()
        let server = ServerProcess(process: process, port: port, apiKey: apiKey)
        while clock.now - began < .seconds(120) {
            guard process.isRunning else { throw BenchFailure("the server stopped; see server.log in \(directory.path)") }
            if try await server.isReady() { return (server, clock.now - began) }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw BenchFailure("the server was not ready within two minutes")
    }

    private init(process: Process, port: Int, apiKey: String) {
        self.process = process
        self.port = port
        self.apiKey = apiKey
    }

    /// Resident memory in bytes.
    var residentMemory: Int {
        guard let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8) else { return 0 }
        for line in status.split(separator: "\n") where line.hasPrefix("VmRSS:") {
            return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
        }
        return 0
    }

    /// Processor seconds that the server has used so far, in user and kernel mode.
    var processorSeconds: Double {
        guard let stat = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return 0 }
        // Fields 14 and 15 of proc(5), counted from the state (field 3) that follows the name.
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Asks to stop and waits for the end; returns how long that took.
    func stop() async -> Duration {
        let clock = ContinuousClock()
        let began = clock.now
        process.terminate()
        while process.isRunning, clock.now - began < .seconds(15) { try? await Task.sleep(for: .milliseconds(10)) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        return clock.now - began
    }

    private func isReady() async throws -> Bool {
        try PlainHTTP.get("/readyz", port: port, apiKey: nil).status == 200
    }

    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw BenchFailure("no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
