import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// Measures this machine: starts the server as a process of its own, a mail sink and a load beside it, and prints a table.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure what this machine reaches, with a load and a mail sink of its own.")

    enum Scenario: String, ExpressibleByArgument, CaseIterable {
        case all, accept, endToEnd = "end-to-end", latency, overtake, memory, messaging, intake, bulkhead, preferences, backlog
    }

    @Option(help: "Which measurement: \(Scenario.allCases.map(\.rawValue).joined(separator: ", ")).")
    var scenario: Scenario = .all

    @Option(help: "An empty database to measure with (postgresql://… or sqlite:PATH); a fresh SQLite file when left out.")
    var database: String?

    @Option(help: "Seconds of load for each measurement.")
    var seconds: Double = 10

    @Option(help: "Connections of the load.")
    var connections = 32

    @Option(help: "Rows for the backlog measurement; messages that the webhooks of the intake measurement are about.")
    var rows = 100_000

    @Option(help: "Requests per second of the bulkhead measurement, a third for each channel.")
    var rate: Double = 900

    func run() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rapport-bench-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let url = database ?? "sqlite:\(directory.path)/bench.sqlite"
        var report = BenchReport(title: "\(url.hasPrefix("sqlite") ? "SQLite" : "PostgreSQL"), \(connections) connections")
        let bench = Bench(database: url, directory: directory, seconds: seconds, connections: connections, rows: rows, rate: rate)
        do {
            for measurement in Scenario.allCases where measurement != .all && (scenario == .all || scenario == measurement) {
                try await bench.run(measurement, into: &report)
            }
        } catch {
            Console.say(report.text)
            throw error
        }
        Console.say(report.text)
    }
}

/// The figures of a run, as a table.
struct BenchReport {
    var title: String
    private var rows: [(String, String)] = []

    init(title: String) {
        self.title = title
    }

    mutating func add(_ name: String, _ value: String) {
        rows.append((name, value))
        FileHandle.standardError.write(Data("\(name): \(value)\n".utf8))
    }

    var text: String {
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { "| \($0.0.padding(toLength: width, withPad: " ", startingAt: 0)) | \($0.1) |" }
        return (["", title, "| \("figure".padding(toLength: width, withPad: " ", startingAt: 0)) | value |", "|---|---|"] + lines)
            .joined(separator: "\n")
    }
}
