import ArgumentParser
import Core
import NIOPosix
import Providers

/// Where a running server is, for commands that ask it.
struct RunningServerOptions: ParsableArguments {
    @Option(help: "Address of the running server; else HOST and PORT of the settings.")
    var server: String?
    @Option(help: "An admin's API key; else RAPPORT_API_KEY.")
    var apiKey: String?
}

/// The server that holds the SQLite file.
struct RunningServer: Sendable {
    private let url: String
    private let key: String

    init(_ settings: Settings, _ options: RunningServerOptions) throws {
        guard let key = options.apiKey ?? settings.firstAPIKey else {
            throw CommandFailure(
                "another process is using the SQLite database, probably the running server: give an admin's key with --api-key or "
                    + "RAPPORT_API_KEY, so that the server can be asked, or stop it first")
        }
        self.key = key
        let host = ["0.0.0.0", "::", ""].contains(settings.host) ? "127.0.0.1" : settings.host
        let scheme = settings.access.certificateFile == nil ? "http" : "https"
        let server = options.server ?? "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(settings.port)"
        url = server + "/api/crm/operations/key-rotation"
    }

    func progress() async throws -> KeyRotationReport { try await withHTTP { try await ask("GET", [], $0) } }

    /// Begins and waits for the end.
    func rotate(newKey: Bool, dropOldKeys: Bool) async throws -> KeyRotationReport {
        var json = JSONWriter()
        json.object { json in
            json.member("new_key", newKey)
            json.member("drop_old_keys", dropOldKeys)
        }
        return try await withHTTP { [body = json.bytes] http in
            var report = try await ask("POST", body, http)
            let keys = report.keys
            Console.say("The running server rotates the keys.")
            while report.state == "running" {
                try await Task.sleep(for: .milliseconds(500))
                report = try await ask("GET", [], http)
                Console.say(report.lines)
            }
            // Those that were there when it began: at the end they may be gone already.
            report.keys = keys
            return report
        }
    }

    private func withHTTP<Value>(_ body: (SafeHTTP) async throws -> Value) async throws -> Value {
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        do {
            let value = try await body(http)
            await http.shutdown()
            return value
        } catch {
            await http.shutdown()
            throw error
        }
    }

    private func ask(_ method: String, _ body: [UInt8], _ http: SafeHTTP) async throws -> KeyRotationReport {
        let request = SafeHTTP.Request(
            method: method, url: url, headers: [("Authorization", "Bearer \(key)"), ("Content-Type", "application/json")], body: body,
            destination: .configured, timeout: .seconds(30))
        guard let response = try? await http.send(request) else {
            let name = url.hasPrefix("https:") ? " under a name that a trusted certificate has" : ""
            throw CommandFailure(
                "another process is using the SQLite database, and no server answers at \(url.prefix(200))\(name); see --server")
        }
        guard let answer = try? JSONDocument(parsing: response.body).root else {
            throw CommandFailure("what answers at \(url.prefix(200)) is not this program")
        }
        if (200...299).contains(response.status), let report = KeyRotationReport(answer: answer) { return report }
        let reason = answer["detail"]?.string ?? "no reason"
        throw CommandFailure("the server answers \(response.status): \(reason)")
    }
}
