import Core
import Dispatch
import Logging
import Storage

/// `StorageBenchmark <database url> <concurrency> <seconds> [keyed | drain]`: accepts communications by hand-off and
/// records each as sent, as fast as the store makes them durable; with `keyed` each brings an idempotency key, with
/// `drain` they wait in the queue and are then claimed by 128 and recorded. The database must be empty.
@main
struct StorageBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let concurrency = Int(arguments[2]), let seconds = Double(arguments[3]) else {
            print("usage: StorageBenchmark <database url> <concurrency> <seconds> [keyed | drain]")
            return
        }
        let url = arguments[1]
        let mode = Mode(rawValue: arguments.count > 4 ? arguments[4] : "handoff") ?? .handoff
        // A task of the pool: work that begins on the main executor pays for it with every hop.
        let line = try await Task.detached { try await run(url, concurrency, seconds, mode) }.value
        print(line)
    }

    private enum Mode: String {
        case handoff, keyed, drain
    }

    private static func run(_ url: String, _ concurrency: Int, _ seconds: Double, _ mode: Mode) async throws -> String {
        let clock = WallClock { Timestamp(milliseconds: Int64(DispatchWallTime.milliseconds)) }
        let configuration = DatabaseConfiguration(url: url, poolSize: 4, clock: clock, allowsUnsafeDurability: false)
        let database = try await Database.open(configuration, logger: Logger(label: "benchmark"))
        try await database.migrate()
        let business = UUIDv7(at: clock.now())
        try await database.write { tx in
            _ = try tx.run(
                "INSERT INTO crm_businesses (business_id, name, created_at, updated_at) VALUES (\(business), 'b', \(tx.now), \(tx.now))")
        }
        let context = Array(#"{"client_name":"Ada","text":""#.utf8) + [UInt8](repeating: 0x61, count: 1300) + Array(#""}"#.utf8)
        let start = DispatchTime.now().uptimeNanoseconds
        let end = start + UInt64(seconds * 1_000_000_000)
        let latencies = try await withThrowingTaskGroup(of: [UInt32].self) { group in
            for worker in 0..<concurrency {
                group.addTask { try await accept(database, business, context, clock, worker, mode, until: end) }
            }
            var all: [UInt32] = []
            for try await part in group { all += part }
            return all
        }
        let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1_000_000_000
        let sorted = latencies.sorted()
        if mode == .drain { print(try await drain(database, clock)) }
        let statistics = database.statistics
        await database.close()
        let rate = Int(Double(sorted.count) / elapsed)
        let perRound = Double(statistics.writerItems) / Double(max(1, statistics.writerRounds))
        return """
            \(url.prefix(10)) c=\(concurrency): \(rate) accepted+finished/s, accept p50 \(sorted[sorted.count / 2]) us, \
            p99 \(sorted[sorted.count * 99 / 100]) us, \(Int(perRound * 10)) requests per 10 rounds, \
            writer busy \(Int(Double(statistics.writerMicroseconds) / elapsed / 10_000)) %
            """
    }

    /// Accepts, and hands the outcome to a task of its own, as the sender does; waits for the one before the last.
    private static func accept(
        _ database: Database, _ business: BusinessID, _ context: [UInt8], _ clock: WallClock, _ worker: Int, _ mode: Mode,
        until end: UInt64
    ) async throws -> [UInt32] {
        var latencies: [UInt32] = []
        var finishing: Task<[CommunicationID], any Error>?
        var count = 0
        while DispatchTime.now().uptimeNanoseconds < end {
            count += 1
            let begin = DispatchTime.now().uptimeNanoseconds
            let now = clock.now()
            let id = UUIDv7(at: now)
            guard let client = ClientID("client-\(worker)-\(count % 20)") else { continue }
            let acceptance = Acceptance(
                business: business, id: id, clientID: client,
                idempotency: mode == .keyed
                    ? IdempotencyClaim(route: "communications", key: id.description, fingerprint: [UInt8](repeating: 7, count: 32)) : nil,
                recipient: SealedRecipient(
                    name: "Ada", email: SealedValue(bytes: [UInt8](repeating: 9, count: 60)), emailHash: Array(client.text.utf8)),
                needsBatchState: false
            ) { client, now in
                AcceptancePlan(
                    planID: nil, messageType: "welcome", category: .transactional, urgency: .high, channel: .email, fallbacks: [.sms],
                    status: mode == .drain ? .queued : .sending, context: context, metadata: Array(#"{"decision":[{"rule":"preferred","outcome":"chosen"}]}"#.utf8),
                    scheduledFor: now,
                    queue: mode == .drain ? .waiting(due: now) : .handedOff(token: 1, leaseUntil: now.adding(seconds: 60)), batch: .none,
                    errorMessage: nil, attachments: [], answer: [UInt8](repeating: 0x61, count: 300), client: client ?? ClientSnapshot())
            }
            _ = try await database.accept(acceptance)
            latencies.append(UInt32(clamping: (DispatchTime.now().uptimeNanoseconds - begin) / 1000))
            if mode == .drain { continue }
            _ = try await finishing?.value
            let outcome = AttemptOutcome(
                id: id, token: 1, channel: .email, attempt: 1, startedAt: now, finishedAt: clock.now(), provider: "smtp", sandbox: false,
                members: [], result: .sent(providerMessageID: "<\(id)@example.org>", response: "250 2.0.0 Ok: queued"))
            finishing = Task { try await database.finish([outcome]) }
        }
        _ = try await finishing?.value
        return latencies
    }

    private static func drain(_ database: Database, _ clock: WallClock) async throws -> String {
        let start = DispatchTime.now().uptimeNanoseconds
        var count = 0
        var finishing: Task<[CommunicationID], any Error>?
        while true {
            let now = clock.now()
            let claim = ClaimRequest(channel: .email, limit: 128, token: 2, leaseUntil: now.adding(seconds: 60), now: now) { _, _ in .begin }
            let begun = try await database.claim(claim).begun
            if begun.isEmpty { break }
            count += begun.count
            let outcomes = begun.map { delivery in
                AttemptOutcome(
                    id: delivery.id, token: 2, channel: .email, attempt: 1, startedAt: now, finishedAt: now, provider: "smtp", sandbox: false,
                    members: [], result: .sent(providerMessageID: "<\(delivery.id)@example.org>", response: "250 2.0.0 Ok: queued"))
            }
            _ = try await finishing?.value
            finishing = Task { try await database.finish(outcomes) }
        }
        _ = try await finishing?.value
        let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1_000_000_000
        return "drained \(count), \(Int(Double(count) / elapsed)) claimed+finished/s"
    }
}

extension DispatchWallTime {
    /// Milliseconds since 1970 by the system's clock.
    fileprivate static var milliseconds: UInt64 {
        // A wall time's raw value counts nanoseconds downwards from zero.
        (0 &- DispatchWallTime.now().rawValue) / 1_000_000
    }
}
