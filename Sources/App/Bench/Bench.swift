import Foundation
import NIOCore
import NIOPosix

/// The measurements themselves.
struct Bench {
    var database: String
    var directory: URL
    var seconds: Double
    var connections: Int
    var rows: Int
    var rate: Double
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let sinkGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(database: String, directory: URL, seconds: Double, connections: Int, rows: Int, rate: Double) {
        self.database = database
        self.directory = directory
        self.seconds = seconds
        self.connections = connections
        self.rows = rows
        self.rate = rate
    }

    func run(_ scenario: BenchCommand.Scenario, into report: inout BenchReport) async throws {
        switch scenario {
        case .all: break
        case .accept: try await accept(&report)
        case .endToEnd: try await endToEnd(&report)
        case .latency: try await latency(&report)
        case .overtake: try await overtake(&report)
        case .memory: try await memory(&report)
        case .backlog: try await backlog(&report)
        case .messaging: try await messaging(&report)
        case .intake: try await intake(&report)
        case .bulkhead: try await bulkhead(&report)
        case .preferences: try await preferences(&report)
        }
    }

    func withServer<T>(
        keepsTimes: Bool = false, sends: Bool = true, _ body: (ServerProcess, MailSink, Duration) async throws -> T
    ) async throws -> T {
        let sink = try await MailSink.start(on: sinkGroup, keepsTimes: keepsTimes)
        let (server, startup) = try await ServerProcess.start(database: database, smtpPort: sink.port, directory: directory)
        do {
            if sends { try BenchTemplate.install(on: server) }
            let value = try await body(server, sink, startup)
            _ = await server.stop()
            await sink.stop()
            return value
        } catch {
            _ = await server.stop()
            await sink.stop()
            throw error
        }
    }

    /// Durable acceptance alone: nothing is due before next year.
    private func accept(_ report: inout BenchReport) async throws {
        let result = try await withServer { server, _, _ in
            var requests = BenchRequests(apiKey: server.apiKey)
            requests.sendAt = "2099-01-01T12:00:00Z"
            let result = try await HTTPLoad.run(
                port: server.port, connections: connections, seconds: seconds, on: group, request: { [requests] in requests.request($0) })
            try check(result)
            return result
        }
        report.add("accepted durably, per second", "\(Int(result.perSecond))")
        report.add("accept p50 / p99, ms", "\(rounded(result.percentile(0.5))) / \(rounded(result.percentile(0.99)))")
    }

    /// Accepted, sent to the sink, recorded as sent.
    private func endToEnd(_ report: inout BenchReport) async throws {
        let (result, drained, memory, sent, processor) = try await withServer { server, sink, _ in
            let requests = BenchRequests(apiKey: server.apiKey)
            let clock = ContinuousClock()
            let began = clock.now
            let result = try await HTTPLoad.run(
                port: server.port, connections: connections, seconds: seconds, on: group, request: { requests.request($0) })
            try check(result)
            let memory = server.residentMemory
            try await wait(atMost: .seconds(120)) { sink.count >= result.answered }
            let recorded = try await waitUntilRecorded(server)
            return (result, recorded - began, memory, sink.count, server.processorSeconds)
        }
        guard sent == result.answered else { throw BenchFailure("\(result.answered) accepted, \(sent) arrived") }
        report.add("end to end: accepted, per second", "\(Int(result.perSecond))")
        report.add("end to end: sent and recorded, per second", "\(Int(Double(sent) / drained.inSeconds))")
        report.add("end to end: accept p50 / p99, ms", "\(rounded(result.percentile(0.5))) / \(rounded(result.percentile(0.99)))")
        report.add("end to end: messages, all arrived once", "\(sent)")
        report.add("end to end: server's processor time per message, µs", "\(Int(processor / Double(max(sent, 1)) * 1e6))")
        report.add("memory under load, MB", "\(memory / 1_048_576)")
    }

    /// At 1,000 requests a second: from the request's first byte to the whole mail at the sink.
    private func latency(_ report: inout BenchReport) async throws {
        let latencies = try await withServer(keepsTimes: true) { server, sink, _ in
            let requests = BenchRequests(apiKey: server.apiKey)
            let result = try await HTTPLoad.run(
                port: server.port, connections: connections, seconds: seconds, perSecond: 1000, keepsDepartures: true, on: group,
                request: { requests.request($0) })
            try check(result)
            try await wait(atMost: .seconds(60)) { sink.count >= result.answered }
            let arrivals = sink.arrivals
            guard arrivals.duplicates == 0 else { throw BenchFailure("\(arrivals.duplicates) mails arrived twice") }
            return result.departures.compactMap { id, left in arrivals.times[id].map { ($0 - left).nanoseconds } }
        }
        report.add(
            "request to sink at 1,000/s, p50 / p99, ms",
            "\(rounded(HTTPLoad.Result.percentile(latencies, 0.5))) / \(rounded(HTTPLoad.Result.percentile(latencies, 0.99)))")
    }

    /// One critical message behind many that are due.
    private func overtake(_ report: inout BenchReport) async throws {
        let (delay, before) = try await withServer(keepsTimes: true) { server, sink, _ in
            // The messages wait for one moment, so that all of them are due before the critical one is asked for.
            var bulk = BenchRequests(apiKey: server.apiKey)
            bulk.urgency = "normal"
            let count = min(rows, 100_000)
            let lead = Double(count) / 4000 + 8
            let due = Date().addingTimeInterval(lead)
            bulk.sendAt = due.ISO8601Format()
            let filled = try await HTTPLoad.run(
                port: server.port, connections: connections, total: count, seconds: lead * 4, on: group,
                request: { [bulk] in bulk.request($0) })
            try check(filled)
            try await wait(atMost: .seconds(lead + 30)) { sink.count > 0 }
            let before = sink.count
            let critical = BenchRequests(apiKey: server.apiKey)
            let one = try await HTTPLoad.run(
                port: server.port, connections: 1, total: 1, seconds: 10, keepsDepartures: true, on: group,
                request: { critical.request($0) })
            guard let (id, left) = one.departures.first else { throw BenchFailure("the critical message was refused") }
            try await wait(atMost: .seconds(60)) { sink.arrivals.times[id] != nil }
            let arrived = sink.arrivals.times[id] ?? .now()
            return ((arrived - left).nanoseconds, before)
        }
        report.add("critical behind \(min(rows, 100_000) - before) queued, ms", rounded(Double(delay) / 1e6))
    }

    private func memory(_ report: inout BenchReport) async throws {
        let (idle, startup) = try await withServer(sends: false) { server, _, startup in
            try await Task.sleep(for: .seconds(3))
            return (server.residentMemory, startup)
        }
        report.add("start to ready with what is stored, ms", rounded(startup.inSeconds * 1000))
        report.add("idle memory, MB", "\(idle / 1_048_576)")
    }

    private func waitUntilRecorded(_ server: ServerProcess) async throws -> ContinuousClock.Instant {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(60)
        while clock.now < deadline {
            // The queue holds what is not recorded yet; a message leaves it in the transaction that records its end.
            let answer = try PlainHTTP.get("/api/crm/communications?status=sending&limit=1", port: server.port, apiKey: server.apiKey)
            if answer.status == 200, answer.body.contains("\"items\":[]") { return clock.now }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw BenchFailure("not every message was recorded as sent within a minute")
    }

    func wait(atMost duration: Duration, until condition: () -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + duration
        while !condition() {
            guard clock.now < deadline else { throw BenchFailure("waited \(duration) in vain") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func check(_ result: HTTPLoad.Result) throws {
        guard result.failed == 0 else {
            throw BenchFailure("\(result.failed) requests failed, the first with: \(result.firstFailure ?? "?")")
        }
        guard result.answered > 0 else { throw BenchFailure("no request was answered") }
    }

    func rounded(_ milliseconds: Double) -> String {
        String(Double(Int(milliseconds * 10)) / 10)
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
