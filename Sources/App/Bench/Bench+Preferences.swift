import Foundation
import NIOCore

extension Bench {
    /// Preferences: every client's stored once, then read from the cache, then changed and durable before the answer.
    func preferences(_ report: inout BenchReport) async throws {
        try await withServer(sends: false) { server, _, _ in
            let requests = PreferencesRequests(apiKey: server.apiKey)
            let count = PreferencesRequests.clients
            let filled = try await HTTPLoad.run(
                port: server.port, connections: connections, total: count, seconds: 120, on: group, request: { requests.change($0) })
            try check(filled)
            guard filled.answered == count else { throw BenchFailure("only \(filled.answered) of \(count) clients were stored in time") }
            let warmed = try await HTTPLoad.run(
                port: server.port, connections: connections, total: count, seconds: 120, on: group, request: { requests.read($0) })
            try check(warmed)

            let read = try await HTTPLoad.run(
                port: server.port, connections: connections, seconds: seconds, on: group, request: { requests.read($0) })
            try check(read)
            add("preferences: read from the cache", read, &report)
            let misses = try misses(server)
            report.add("preferences: reads that the cache did not have", "\(misses)")

            let changed = try await HTTPLoad.run(
                port: server.port, connections: connections, seconds: seconds, on: group, request: { requests.change($0 + 1) })
            try check(changed)
            add("preferences: changed durably", changed, &report)
            try await verify(server, requests, answered: changed.answered)
        }
    }

    private func add(_ name: String, _ result: HTTPLoad.Result, _ report: inout BenchReport) {
        report.add("\(name), per second", "\(Int(result.perSecond))")
        report.add("\(name), p50 / p99, ms", "\(rounded(result.percentile(0.5))) / \(rounded(result.percentile(0.99)))")
    }

    /// What the server says of its cache, beyond the first read of each client.
    private func misses(_ server: ServerProcess) throws -> Int {
        let answer = try PlainHTTP.get("/api/crm/cache/stats", port: server.port, apiKey: server.apiKey)
        guard let start = answer.body.range(of: "\"local_misses\":") else { throw BenchFailure("no statistics: \(answer.body)") }
        let misses = Int(answer.body[start.upperBound...].prefix { $0.isNumber }) ?? 0
        return max(0, misses - PreferencesRequests.clients)
    }

    /// Reads after the last answered change must show it: a few clients, chosen from the end of the run.
    private func verify(_ server: ServerProcess, _ requests: PreferencesRequests, answered: Int) async throws {
        for number in max(0, answered - 200 - connections)..<max(0, answered - 200) {
            let (client, expected) = (requests.client(number + 1), requests.quietStart(number + 1))
            let later = requests.quietStart(number + 1 + PreferencesRequests.clients)
            let answer = try PlainHTTP.get("/api/crm/preferences/\(client)", port: server.port, apiKey: server.apiKey)
            guard
                answer.body.contains("\"quiet_hours_start\":\"\(expected)\"") || answer.body.contains("\"quiet_hours_start\":\"\(later)\"")
            else { throw BenchFailure("\(client) does not show the change that was acknowledged: \(answer.body)") }
        }
    }
}

/// Requests about preferences, of clients that take turns.
struct PreferencesRequests: Sendable {
    static let clients = 5_000

    var apiKey: String

    func client(_ number: Int) -> String { "bench-\(number % Self.clients)" }

    /// Another time with each turn, so that every change is one.
    func quietStart(_ number: Int) -> String {
        let minute = (number / Self.clients) % 60
        return "21:\(minute < 10 ? "0" : "")\(minute)"
    }

    func read(_ number: Int) -> ByteBuffer {
        ByteBuffer(
            string: "GET /api/crm/preferences/\(client(number)) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(apiKey)\r\n\r\n")
    }

    func change(_ number: Int) -> ByteBuffer {
        let body =
            #"{"client_id":"\#(client(number))","preferred_channels":["email","sms"],"timezone":"Europe/Berlin","#
            + #""quiet_hours_start":"\#(quietStart(number))","quiet_hours_end":"07:30","opt_out_whatsapp":true}"#
        return ByteBuffer(
            string: """
                POST /api/crm/preferences HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(apiKey)\r\n\
                Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
                """)
    }
}
