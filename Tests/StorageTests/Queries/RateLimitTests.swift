import Core
import TestSupport
import Testing

@testable import Storage

@Suite("Permits", .timeLimit(.minutes(5)))
struct RateLimitTests {
    /// A process as the store sees it: what it holds, and what it has not told yet.
    private struct Holder {
        var id: Int64
        var held = 0
        var used: [(count: Int, at: Timestamp)] = []

        func request(_ rate: MessageRate, wanted: Int, now: Timestamp, account: String = "email") -> PermitRequest {
            PermitRequest(
                holder: id, holdSeconds: 20, channel: .email,
                accounts: [
                    PermitRequest.Account(
                        name: account, rate: rate, held: held,
                        used: used.map { UsedPermits(count: $0.count, ago: now.milliseconds - $0.at.milliseconds) })
                ], wanted: wanted, usesStoreClock: false)
        }
    }

    private func take(_ fixture: Fixture, _ holder: inout Holder, _ rate: MessageRate, _ wanted: Int) async throws -> PermitAnswer {
        let answer = try await fixture.database.takePermits(holder.request(rate, wanted: wanted, now: fixture.now))
        holder.held += answer.granted[0]
        holder.used = []
        return answer
    }

    private func use(_ fixture: Fixture, _ holder: inout Holder, _ count: Int) {
        holder.held -= count
        holder.used.append((count, fixture.now))
    }

    @Test("permits are given for what is due and allowed, and say when the next is free", arguments: TestEngine.allCases)
    func granting(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            let rate = MessageRate(messages: 3, seconds: 60)
            var holder = Holder(id: 1)
            #expect(
                try await take(fixture, &holder, rate, 10)
                    == PermitAnswer(granted: [0], left: 3, due: 0, nextIn: 0, hangsOnOthers: false))
            try await fixture.acceptDue(2, urgency: .low)
            try await fixture.acceptDue(3, urgency: .critical)
            #expect(try await take(fixture, &holder, rate, 2).granted == [2])
            #expect(
                try await take(fixture, &holder, rate, 10)
                    == PermitAnswer(granted: [1], left: 0, due: 5, nextIn: nil, hangsOnOthers: true))
            use(fixture, &holder, 3)
            fixture.test.clock.advance(seconds: 10)
            #expect(
                try await take(fixture, &holder, rate, 10)
                    == PermitAnswer(granted: [0], left: 0, due: 5, nextIn: 50_000, hangsOnOthers: false))
            fixture.test.clock.advance(seconds: 50)
            #expect(try await take(fixture, &holder, rate, 10).granted == [3])
        }
    }

    @Test("what one process holds or used the other can not have; what is given back it can", arguments: TestEngine.allCases)
    func twoProcesses(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.acceptDue(20)
            let rate = MessageRate(messages: 10, seconds: 60)
            var (one, two) = (Holder(id: 1), Holder(id: 2))
            #expect(try await take(fixture, &one, rate, 7).granted == [7])
            #expect(try await take(fixture, &two, rate, 7).granted == [3])
            one.held -= 2
            use(fixture, &one, 5)
            #expect(try await take(fixture, &one, rate, 0).left == 2)
            #expect(try await take(fixture, &two, rate, 7).granted == [2])
            #expect(try await take(fixture, &two, rate, 7).granted == [0])
        }
    }

    @Test("a dead process's permits count as used when their time is over", arguments: TestEngine.allCases)
    func deadProcess(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.acceptDue(5)
            let rate = MessageRate(messages: 2, seconds: 10)
            var (dead, living) = (Holder(id: 1), Holder(id: 2))
            _ = try await take(fixture, &dead, rate, 2)
            fixture.test.clock.advance(seconds: 19)
            #expect(try await take(fixture, &living, rate, 5).granted == [0])
            fixture.test.clock.advance(seconds: 1)
            // They may have left in their last moment.
            let answer = try await take(fixture, &living, rate, 5)
            #expect(answer.granted == [0] && answer.nextIn == 10_000)
            fixture.test.clock.advance(seconds: 10)
            #expect(try await take(fixture, &living, rate, 5).granted == [2])
        }
    }

    @Test("on SQLite a start knows that all others are dead")
    func restart() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.acceptDue(5)
            let rate = MessageRate(messages: 2, seconds: 10)
            var (dead, living) = (Holder(id: 1), Holder(id: 2))
            _ = try await take(fixture, &dead, rate, 2)
            try await fixture.database.releaseAbandonedPermits(keeping: 2)
            #expect(try await take(fixture, &living, rate, 5).nextIn == 10_000)
            fixture.test.clock.advance(seconds: 10)
            #expect(try await take(fixture, &living, rate, 5).granted == [2])
        }
    }

    @Test("a report whose commit nobody heard of gives out nothing twice", arguments: TestEngine.allCases)
    func repeatedReport(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.acceptDue(20)
            let rate = MessageRate(messages: 10, seconds: 60)
            var (one, two) = (Holder(id: 1), Holder(id: 2))
            _ = try await take(fixture, &one, rate, 4)
            use(fixture, &one, 4)
            // Stored, but the process does not know: it keeps its numbers and says them again.
            _ = try await fixture.database.takePermits(one.request(rate, wanted: 3, now: fixture.now))
            #expect(try await take(fixture, &one, rate, 0).granted == [0])
            #expect(one.held == 0)
            // Counted twice, which is on the safe side.
            #expect(try await take(fixture, &two, rate, 20).granted == [2])
        }
    }

    @Test("numbers share the load, each within its own rate", arguments: TestEngine.allCases)
    func severalAccounts(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.acceptDue(20)
            let rate = MessageRate(messages: 3, seconds: 10)
            func request(held: [Int], wanted: Int) -> PermitRequest {
                let accounts = held.enumerated().map {
                    PermitRequest.Account(name: "sms:\($0.offset)", rate: rate, held: $0.element, used: [])
                }
                return PermitRequest(
                    holder: 1, holdSeconds: 20, channel: .email, accounts: accounts, wanted: wanted, usesStoreClock: false)
            }
            #expect(try await fixture.database.takePermits(request(held: [0, 0, 0], wanted: 6)).granted == [2, 2, 2])
            let answer = try await fixture.database.takePermits(request(held: [2, 2, 2], wanted: 20))
            #expect(answer.granted == [1, 1, 1] && answer.left == 0)
        }
    }

    @Test("the store's own clock serves processes whose clocks differ")
    func storeClock() async throws {
        try await Fixture.with(.postgresql) { fixture in
            try await fixture.acceptDue(5)
            let rate = MessageRate(messages: 1, seconds: 3600)
            func take(holder: Int64, held: Int, used: [UsedPermits]) async throws -> PermitAnswer {
                try await fixture.database.takePermits(
                    PermitRequest(
                        holder: holder, holdSeconds: 20, channel: .email,
                        accounts: [PermitRequest.Account(name: "email", rate: rate, held: held, used: used)], wanted: 5,
                        usesStoreClock: true))
            }
            #expect(try await take(holder: 1, held: 0, used: []).granted == [1])
            _ = try await take(holder: 1, held: 0, used: [UsedPermits(count: 1, ago: 0)])
            // By its own clock an hour has passed.
            fixture.test.clock.advance(seconds: 3600)
            let answer = try await take(holder: 2, held: 0, used: [])
            #expect(answer.granted == [0])
            #expect(try #require(answer.nextIn) > 3_000_000)
        }
    }

    @Test(
        "several processes that take, use, give back and die in any order never use more than the rate in any window",
        arguments: TestEngine.allCases, 1...6)
    func anyOrder(engine: TestEngine, seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        try await Fixture.with(engine) { fixture in
            try await fixture.acceptDue(40)
            let rate = MessageRate(messages: Int.random(in: 1...12, using: &random), seconds: Int.random(in: 1...30, using: &random))
            var holders = (1...3).map { Holder(id: Int64($0)) }
            var uses: [(at: Int64, count: Int)] = []
            for _ in 0..<250 {
                let index = Int.random(in: 0..<3, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<4: _ = try await take(fixture, &holders[index], rate, Int.random(in: 0...15, using: &random))
                case 4..<7:
                    let count = Int.random(in: 0...max(0, holders[index].held), using: &random)
                    if count > 0 {
                        use(fixture, &holders[index], count)
                        uses.append((fixture.now.milliseconds, count))
                    }
                case 7:
                    holders[index].held -= Int.random(in: 0...max(0, holders[index].held), using: &random)
                case 8:
                    // It dies; what it held leaves in that moment.
                    if holders[index].held > 0 { uses.append((fixture.now.milliseconds, holders[index].held)) }
                    holders[index] = Holder(id: Int64.random(in: 100...Int64.max, using: &random))
                default: break
                }
                // Every living process reports within half of the time that its permits last.
                fixture.test.clock.advance(milliseconds: Int64.random(in: 0...1500, using: &random))
                for other in holders.indices where Int.random(in: 0..<4, using: &random) == 0 {
                    _ = try await take(fixture, &holders[other], rate, 0)
                }
            }
            let window = rate.window
            for last in uses.indices {
                let total = uses[...last].reduce(0) { $0 + (uses[last].at - $1.at < window ? $1.count : 0) }
                #expect(total <= rate.messages)
            }
            #expect(!uses.isEmpty)
        }
    }

    @Test("messages that have been due for long on a dead channel move on, with their event; others stay", arguments: TestEngine.allCases)
    func moveOn(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            let old = try await fixture.acceptDue()[0]
            let single = fixture.acceptance { plan, _, _ in plan.fallbacks = [] }
            _ = try await fixture.database.accept(single)
            let optedOut = try await fixture.acceptDue()[0]
            let unknown = try await fixture.acceptDue()[0]
            let begun = try await fixture.acceptDue()[0]
            let now = fixture.now
            _ = try await fixture.database.write { tx in
                try tx.run("UPDATE crm_delivery_queue SET due_at = \(now.milliseconds + 1) WHERE communication_id <> \(unknown)")
            }
            _ = try await fixture.claim()
            _ = try await fixture.database.finish([
                fixture.outcome(unknown, .retry(at: now, AttemptFailure(category: "unknown", message: "the connection was lost")))
            ])
            try await fixture.database.write { tx in
                try tx.run("UPDATE crm_delivery_queue SET due_at = \(now.milliseconds)")
                try tx.run("UPDATE crm_delivery_queue SET lease_token = 5, leased_at = 1 WHERE communication_id = \(begun)")
            }
            fixture.test.clock.advance(seconds: 1000)
            let young = try await fixture.acceptDue()[0]
            let step = DecisionStep(rule: "circuit_breaker", outcome: "chosen", because: "email has not worked for 16 minutes")
            let request = MoveOnRequest(channel: .email, dueBefore: now.adding(seconds: 1), step: step) { due, _ in
                // As the gate does where the person has said no to the only other channel.
                due.id == optedOut
                    ? .suppress(because: step) : due.channel == .sms && due.fallbacks.isEmpty ? .begin : .suppress(because: step)
            }
            #expect(try await fixture.database.moveOn(request) == MoveOnResult(moved: 1, stayed: 1))
            var second = request
            second.offset = 1
            #expect(try await fixture.database.moveOn(second) == MoveOnResult(moved: 0, stayed: 0))
            #expect(try await fixture.column("channel", old) == "sms")
            #expect(try await fixture.column("fallback_channels", old) == "")
            let story = try await fixture.events(old)
            #expect(story == ["channel_changed"])
            for id in [single.id, optedOut, unknown, begun, young] { #expect(try await fixture.column("channel", id) == "email") }
            #expect(try await fixture.claim(channel: .sms).begun.map(\.id) == [old])
        }
    }
}
