import Foundation
import Logging
import Testing

@testable import Observability

@Suite("JSON logs")
struct LoggingTests {
    /// Logs into a pipe and returns the lines.
    private func lines(_ body: (Logger) -> Void) throws -> [[String: Any]] {
        let pipe = Pipe()
        let sink = LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        var logger = Logger(label: "rapport.test") { label in
            JSONLogHandler(component: label, level: .trace, sink: sink, now: { 1_795_248_930_007 })
        }
        logger[metadataKey: "instance"] = "i-1"
        body(logger)
        try pipe.fileHandleForWriting.close()
        let data = try #require(try pipe.fileHandleForReading.readToEnd())
        return try data.split(separator: UInt8(ascii: "\n")).map {
            try #require(try JSONSerialization.jsonObject(with: $0) as? [String: Any])
        }
    }

    @Test("a line carries time, level, component, event, and the metadata as keys of their own")
    func shape() throws {
        let line = try #require(
            try lines { logger in
                logger.critical(
                    "delivery_failed",
                    metadata: [
                        "attempt": .stringConvertible(3), "ok": .stringConvertible(false), "ratio": .stringConvertible(0.5),
                        "db": ["rows": .stringConvertible(UInt8(7)), "pool": "hot"], "channels": ["sms", "email"],
                    ])
            }.first)
        #expect(line["timestamp"] as? String == "2026-11-21T08:15:30.007Z")
        #expect(line["level"] as? String == "CRITICAL")
        #expect(line["component"] as? String == "rapport.test")
        #expect(line["event"] as? String == "delivery_failed")
        #expect(line["instance"] as? String == "i-1")
        #expect(line["attempt"] as? Int == 3)
        #expect(line["ok"] as? Bool == false)
        #expect(line["ratio"] as? Double == 0.5)
        #expect(line["db.rows"] as? Int == 7)
        #expect(line["db.pool"] as? String == "hot")
        #expect(line["channels"] as? [String] == ["sms", "email"])
        #expect(line.count == 11)
    }

    @Test("hostile text stays inside its string, on one line")
    func hostile() throws {
        let hostile = "a\"b\\c\nd\r\u{1B}[31m\u{0}\u{7F}é🎉\",\"level\":\"X"
        let all = try lines { $0.info("event", metadata: ["text": "\(hostile)", "k\"ey\n": "v"]) }
        #expect(all.count == 1)
        #expect(all.first?["text"] as? String == hostile)
        #expect(all.first?["k\"ey\n"] as? String == "v")
        #expect(all.first?["level"] as? String == "INFO")
    }

    @Test("metadata cannot replace the line's own keys")
    func reserved() throws {
        let line = try lines { $0.warning("event", metadata: ["level": "DEBUG", "event": "other"]) }.first
        #expect(line?["level"] as? String == "WARNING")
        #expect(line?["event"] as? String == "event")
        #expect(line?["metadata.level"] as? String == "DEBUG")
    }

    @Test("a long value is cut between characters; a line with too much of them says so")
    func long() throws {
        let all = try lines { logger in
            logger.info("cut", metadata: ["text": "\(String(repeating: "ü", count: 5000))"])
            logger.info(
                "much", metadata: Dictionary(uniqueKeysWithValues: (0..<9).map { ("k\($0)", "\(String(repeating: "x", count: 900))") }))
        }
        #expect(all[0]["text"] as? String == String(repeating: "ü", count: 512) + "…")
        #expect(all[1]["event"] as? String == "much")
        #expect(all[1]["metadata_too_long"] as? Bool == true)
    }

    @Test("a reader that stands still costs lines, not time, and is told how many")
    func stalledReader() throws {
        let pipe = Pipe()
        let sink = LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor, patienceMilliseconds: 0)
        let line = Array((String(repeating: "x", count: 1023) + "\n").utf8)
        for _ in 0..<1000 { sink.write(line) }
        let taken = pipe.fileHandleForReading.availableData.count
        #expect(taken > 0 && taken < 1000 * 1024)
        // The reader is back.
        sink.write(Array("last\n".utf8))
        try pipe.fileHandleForWriting.close()
        var rest = Data()
        while case let more = pipe.fileHandleForReading.availableData, !more.isEmpty { rest += more }
        let tail = String(decoding: rest, as: UTF8.self).split(separator: "\n").suffix(2)
        #expect(tail.first?.contains("\"event\":\"log_lines_dropped\"") == true)
        let kept = (taken + rest.count) / 1024
        #expect(tail.first?.contains("\"count\":\(1000 - kept)}") == true)
        #expect(tail.last == "last")
    }

    @Test(
        "moments are written in RFC 3339 with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ])
    func time(milliseconds: Int64, text: String) {
        var bytes: [UInt8] = []
        RFC3339.append(milliseconds: milliseconds, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test("a process reports its memory, CPU time and files")
    func process() throws {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry, version: "1.0")
        let output = String(decoding: registry.render(), as: UTF8.self)
        #expect(output.contains("rapport_build_info{version=\"1.0\"} 1.0\n"))
        #expect(output.contains("# TYPE process_cpu_seconds_total counter\n"))
        #if os(Linux)
            let memory = try #require(ProcessMetrics.residentBytes())
            #expect(memory > 1_000_000 && memory < 100_000_000_000)
            #expect(try #require(ProcessMetrics.openFiles()) >= 3)
            let now = Double(JSONLogHandler.systemTime()) / 1000
            let start = try #require(ProcessMetrics.startTime())
            #expect(start > now - 86400 && start <= now + 2)
        #endif
        #expect(ProcessMetrics.cpuSeconds() > 0)
    }
}
