import Core
import Testing

@Suite("Batching")
struct BatchingTests {
    private static let id = UUIDv7(high: 1, low: 2)

    private static func low(
        last: String? = "2026-01-15T10:00:00Z", batches: [OpenBatch] = [], rule: BatchRule = .standard, sendAt: String? = nil,
        now: String = "2026-01-15T11:00:00Z"
    ) throws -> Strategy {
        try #require(
            planned(strategyInput(urgency: .low, sendAt: sendAt, lastMessageAt: last, openBatches: batches, batchRule: rule, now: now)))
    }

    private static func batch(_ channel: Channel = .email, count: Int = 1, closes: String = "2026-01-15T11:03:00Z") -> OpenBatch {
        OpenBatch(id: id, channel: channel, count: count, closesAt: moment(closes))
    }

    @Test("after a message within the day, a low message opens a batch for the length of the window")
    func opens() throws {
        let strategy = try Self.low()
        #expect(strategy.batch == .open(closesAt: moment("2026-01-15T11:05:00Z")))
        #expect(strategy.sendAt == moment("2026-01-15T11:05:00Z") && !strategy.dueNow)
        let hour = try Self.low(rule: BatchRule(maximum: 3, window: 3600))
        #expect(hour.sendAt == moment("2026-01-15T12:00:00Z"))
    }

    @Test("the second message joins, the third one closes the batch")
    func joins() throws {
        let second = try Self.low(batches: [Self.batch()])
        #expect(second.batch == .join(id: Self.id, closesNow: false))
        #expect(second.sendAt == moment("2026-01-15T11:03:00Z") && !second.dueNow)
        let third = try Self.low(batches: [Self.batch(count: 2)])
        #expect(third.batch == .join(id: Self.id, closesNow: true))
        #expect(third.dueNow)
    }

    @Test("a batch that is full, over, or on another channel is not joined")
    func joinsNoOther() throws {
        for other in [Self.batch(count: 3), Self.batch(closes: "2026-01-15T11:00:00Z"), Self.batch(.sms), Self.batch(count: -1)] {
            #expect(try Self.low(batches: [other]).batch == .open(closesAt: moment("2026-01-15T11:05:00Z")))
        }
        #expect(try Self.low(batches: [Self.batch(.sms), Self.batch()]).batch == .join(id: Self.id, closesNow: false))
    }

    @Test("after 24 hours without a message it goes alone and at once")
    func silence() throws {
        for last in [nil, "2026-01-14T11:00:00Z", "2026-01-01T00:00:00Z"] {
            let strategy = try Self.low(last: last, batches: [Self.batch()])
            #expect(strategy.batch == .alone && strategy.dueNow)
        }
        #expect(try Self.low(last: "2026-01-14T11:00:00.001Z").batch == .open(closesAt: moment("2026-01-15T11:05:00Z")))
    }

    @Test("no batch closes in quiet hours, not even a full one")
    func quiet() throws {
        // 22:00 in Berlin is 21:00 UTC; the window would end at 22:02.
        let opened = try Self.low(last: "2026-01-15T20:00:00Z", now: "2026-01-15T20:57:00Z")
        #expect(opened.batch == .open(closesAt: moment("2026-01-16T07:00:00Z")))
        let full = try Self.low(
            last: "2026-01-15T20:00:00Z", batches: [Self.batch(count: 2, closes: "2026-01-16T07:00:00Z")], now: "2026-01-15T23:00:00Z")
        #expect(full.batch == .join(id: Self.id, closesNow: true))
        #expect(full.sendAt == moment("2026-01-16T07:00:00Z") && !full.dueNow)
    }

    @Test("a later send_at opens its batch then, and does not join one that leaves before")
    func sendAt() throws {
        let last = "2026-01-15T10:59:00Z"
        let strategy = try Self.low(last: last, batches: [Self.batch()], sendAt: "2026-01-15T13:00:00Z")
        #expect(strategy.batch == .open(closesAt: moment("2026-01-15T13:05:00Z")))
        let joined = try Self.low(last: last, batches: [Self.batch(closes: "2026-01-15T13:02:00Z")], sendAt: "2026-01-15T13:00:00Z")
        #expect(joined.batch == .join(id: Self.id, closesNow: false))
    }

    @Test("other urgencies are never batched", arguments: [Urgency.critical, .high, .normal])
    func others(urgency: Urgency) throws {
        let input = strategyInput(urgency: urgency, lastMessageAt: "2026-01-15T10:00:00Z", openBatches: [Self.batch()])
        #expect(planned(input)?.batch == .alone)
    }

    @Test("a maximum of one means no batches")
    func single() throws {
        let strategy = try Self.low(rule: BatchRule(maximum: 1))
        #expect(strategy.batch == .alone && strategy.dueNow)
        #expect(BatchRule(maximum: 0, window: 100_000) == BatchRule(maximum: 1, window: 86_400))
    }
}
