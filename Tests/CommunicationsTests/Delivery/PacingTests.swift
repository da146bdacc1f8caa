import Core
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Communications

@Suite("Rate limits", .timeLimit(.minutes(5)))
struct PacingTests {
    private func submit(
        _ world: World, _ client: String, urgency: Urgency = .high, channel: Channel = .email, to instance: Instance? = nil
    ) async throws -> CommunicationID {
        try await world.submit(world.request(urgency: urgency, client: client, channel: channel), to: instance)
    }

    @Test("what is over the limit waits as queued, burns no attempt, and leaves when the window has passed", arguments: World.engines)
    func waits(engine: TestEngine) async throws {
        try await withWorld(engine, pace: Pace(rates: [.email: MessageRate(messages: 2, seconds: 60)])) { world in
            var ids: [CommunicationID] = []
            for number in 0..<5 { ids.append(try await submit(world, "client-\(number)")) }
            for _ in 0..<4 { try await world.turn(.email) }
            #expect(world.email.accepted.count == 2)
            for id in ids where !world.email.accepted.contains(id) {
                #expect(try await world.status(id) == .queued)
                #expect(try await world.queued(id)?.attempt == 0)
            }
            #expect(world.first.engine.laneStatus[.email]?.waitsForRate == true)
            world.clock.advance(milliseconds: 59_999)
            for _ in 0..<4 { try await world.turn(.email) }
            #expect(world.email.accepted.count == 2)
            world.clock.advance(milliseconds: 1)
            for _ in 0..<4 { try await world.turn(.email) }
            #expect(world.email.accepted.count == 4)
            world.advance(seconds: 60)
            for _ in 0..<4 { try await world.turn(.email) }
            #expect(Set(world.email.accepted) == Set(ids))
            #expect(world.first.engine.laneStatus[.email]?.waitsForRate == false)
            for id in ids { #expect(try await world.detail(id).attempts.map(\.number) == [1]) }
        }
    }

    @Test("one a second is one a second, and a critical message goes before older ones", arguments: World.engines)
    func oneASecond(engine: TestEngine) async throws {
        try await withWorld(engine, pace: Pace(rates: [.sms: MessageRate(messages: 1, seconds: 1)])) { world in
            var sent: [Int64] = []
            for number in 0..<4 { _ = try await submit(world, "client-\(number)", channel: .sms) }
            var critical: CommunicationID?
            for step in 0..<40 {
                let before = world.sms.accepted.count
                try await world.turn(.sms)
                if world.sms.accepted.count > before { sent.append(world.now.milliseconds) }
                #expect(world.sms.accepted.count <= before + 1)
                if step == 5 { critical = try await submit(world, "late", urgency: .critical, channel: .sms) }
                world.clock.advance(milliseconds: 125)
            }
            #expect(sent.count == 5)
            for (earlier, later) in zip(sent, sent.dropFirst()) { #expect(later - earlier >= 1000 && later - earlier <= 1125) }
            #expect(world.sms.accepted[1] == critical)
        }
    }

    @Test("a message that takes long counts from its end, since nobody knows when it arrived", arguments: World.engines)
    func slowMessage(engine: TestEngine) async throws {
        try await withWorld(engine, pace: Pace(rates: [.sms: MessageRate(messages: 1, seconds: 1)])) { world in
            world.sms.script(.begin)
            _ = try await submit(world, "one", channel: .sms)
            _ = try await submit(world, "two", channel: .sms)
            try await world.turn(.sms)
            world.advance(seconds: 5)
            try await world.turn(.sms)
            #expect(world.sms.begun.count == 1)
            world.sms.conclude()
            try await world.first.quiet()
            world.clock.advance(milliseconds: 999)
            try await world.turn(.sms)
            #expect(world.sms.begun.count == 1)
            world.clock.advance(milliseconds: 1)
            try await world.turn(.sms)
            #expect(world.sms.begun.count == 2)
        }
    }

    @Test("two processes together keep within the limit, and a long backlog goes out at its pace", arguments: World.engines)
    func twoProcesses(engine: TestEngine) async throws {
        let rate = MessageRate(messages: 10, seconds: 10)
        try await withWorld(engine, pace: Pace(rates: [.email: rate])) { world in
            for number in 0..<60 { _ = try await submit(world, "client-\(number)") }
            var sends: [(at: Int64, count: Int)] = []
            try await world.withAnotherProcess { other in
                for step in 0..<240 {
                    let before = world.email.accepted.count + other.email.accepted.count
                    // The first begins alone and leaves the end to the other; between, both ask at the same moment.
                    switch step {
                    case 0: try await world.turn(.email)
                    case 80...: try await other.turn(.email)
                    default:
                        async let one: Void = world.first.turn(.email)
                        async let two: Void = other.turn(.email)
                        _ = try await (one, two)
                    }
                    // One of them is stuck for a while.
                    if step == 20 { world.email.always(.begin) }
                    if step == 60 {
                        world.email.always(.accept)
                        world.email.conclude()
                        try await world.first.quiet()
                    }
                    let count = world.email.accepted.count + other.email.accepted.count - before
                    if count > 0 { sends.append((world.now.milliseconds, count)) }
                    await world.first.engine.lanes[.email]?.pacer?.report()
                    await other.engine.lanes[.email]?.pacer?.report()
                    world.clock.advance(milliseconds: 500)
                }
                #expect(world.email.accepted.count + other.email.accepted.count == 60)
                #expect(!other.email.accepted.isEmpty && !world.email.accepted.isEmpty)
            }
            for last in sends.indices {
                let inWindow = sends[...last].reduce(0) { $0 + (sends[last].at - $1.at < rate.window ? $1.count : 0) }
                #expect(inWindow <= rate.messages)
            }
        }
    }

    @Test("messages that the gate turns away, or that are withdrawn, use nothing up", arguments: World.engines)
    func unused(engine: TestEngine) async throws {
        try await withWorld(engine, pace: Pace(rates: [.email: MessageRate(messages: 1, seconds: 3600)])) { world in
            _ = try await submit(world, "out")
            try await world.change(PreferencesUpdate(optOutEmail: true), client: "out")
            try await world.turn(.email)
            world.email.script(.hold)
            let withdrawn = try await submit(world, "later-out")
            try await world.turn(.email)
            try await world.change(PreferencesUpdate(optOutEmail: true), client: "later-out")
            world.email.proceed()
            try await world.first.quiet()
            #expect(world.email.withdrawn == [withdrawn])
            let id = try await submit(world, "in")
            for _ in 0..<2 { try await world.turn(.email) }
            #expect(world.email.accepted == [id])
        }
    }

    @Test("several numbers each have their rate, and a client hears from the same one", arguments: World.engines)
    func severalNumbers(engine: TestEngine) async throws {
        let numbers = ["+14155550100", "+14155550101", "MG0123"]
        let pace = Pace(rates: [.sms: MessageRate(messages: 1, seconds: 1)], senders: numbers)
        try await withWorld(engine, pace: pace) { world in
            for number in 0..<12 { _ = try await submit(world, "client-\(number)", channel: .sms) }
            for second in 1...4 {
                try await world.turn(.sms)
                let latest = world.sms.begun.suffix(3).compactMap(\.sender)
                #expect(world.sms.begun.count == 3 * second)
                #expect(Set(latest) == Set(numbers))
                world.advance(seconds: 1)
            }
            // Alone, a client keeps its number.
            var heard: Set<String?> = []
            for _ in 0..<4 {
                _ = try await submit(world, "faithful", channel: .sms)
                try await world.turn(.sms)
                heard.insert(world.sms.begun.last?.sender)
                world.advance(seconds: 1)
            }
            #expect(world.sms.begun.count == 16)
            #expect(heard.count == 1)
        }
    }

    @Test("without a limit several numbers are used as well, one for each client", arguments: World.engines)
    func numbersWithoutLimit(engine: TestEngine) async throws {
        let numbers = ["+14155550100", "+14155550101"]
        try await withWorld(engine, pace: Pace(senders: numbers)) { world in
            for number in 0..<20 { _ = try await submit(world, "client-\(number % 10)", channel: .sms) }
            for _ in 0..<2 { try await world.turn(.sms) }
            #expect(world.sms.begun.count == 20)
            #expect(Set(world.sms.begun.compactMap(\.sender)) == Set(numbers))
            #expect(world.sms.begun.prefix(10).map(\.sender) == world.sms.begun.suffix(10).map(\.sender))
        }
    }

    @Test("the shared counter shows our use under the specification's key, and what others use counts", arguments: World.engines)
    func sharedCounter(engine: TestEngine) async throws {
        let counters = Counters()
        let pace = Pace(rates: [.whatsapp: MessageRate(messages: 10, seconds: 86_400)], sharedUsage: counters.usage)
        try await withWorld(engine, pace: pace) { world in
            for number in 0..<6 { _ = try await submit(world, "client-\(number)", channel: .whatsapp) }
            for _ in 0..<3 { try await world.turn(.whatsapp) }
            #expect(counters.value("crm:ratelimit:whatsapp:86400") == 6)
            #expect(counters.lifetimes == [86_400])
            // Another tool takes three of the four that are left.
            counters.add("crm:ratelimit:whatsapp:86400", 3)
            for number in 6..<9 { _ = try await submit(world, "client-\(number)", channel: .whatsapp) }
            for _ in 0..<3 {
                world.advance(seconds: 2)
                try await world.turn(.whatsapp)
            }
            #expect(world.whatsapp.accepted.count == 7)
            // Flushed: the store still knows.
            counters.flush()
            for number in 9..<20 { _ = try await submit(world, "client-\(number)", channel: .whatsapp) }
            for _ in 0..<5 {
                world.advance(seconds: 2)
                try await world.turn(.whatsapp)
            }
            #expect(world.whatsapp.accepted.count == 10)
            // Gone altogether, for a day and more.
            counters.isAway = true
            world.advance(seconds: 86_400)
            for _ in 0..<5 {
                world.advance(seconds: 2)
                try await world.turn(.whatsapp)
            }
            #expect(world.whatsapp.accepted.count == 20)
        }
    }

    @Test("a store that fails while permits are taken delays and does not exceed", arguments: World.engines)
    func storeFaults(engine: TestEngine) async throws {
        let faults = Faults()
        try await withWorld(engine, faults: faults, pace: Pace(rates: [.email: MessageRate(messages: 2, seconds: 60)])) { world in
            for number in 0..<4 { _ = try await submit(world, "client-\(number)") }
            for _ in 0..<3 {
                faults.inject(.fail(.unavailable(.notWritable, details: "disk full")), at: .commit)
                try await world.turn(.email)
            }
            #expect(world.first.engine.inFlight[.email] == 0)
            for _ in 0..<4 { try await world.turn(.email) }
            #expect(world.email.accepted.count == 2)
        }
    }

    @Test("the clock may be set back: messages wait for a window at most", arguments: World.engines)
    func clockSetBack(engine: TestEngine) async throws {
        try await withWorld(engine, pace: Pace(rates: [.email: MessageRate(messages: 1, seconds: 60)])) { world in
            _ = try await submit(world, "one")
            for _ in 0..<2 { try await world.turn(.email) }
            world.advance(seconds: -3600)
            let id = try await submit(world, "two")
            try await world.turn(.email)
            #expect(world.email.accepted.count == 1)
            world.advance(seconds: 60)
            for _ in 0..<2 { try await world.turn(.email) }
            #expect(world.email.accepted.last == id)
        }
    }
}

/// A shared cache's counters.
private final class Counters: Sendable {
    private struct State {
        var values: [String: Int] = [:]
        var lifetimes: Set<Int> = []
        var isAway = false
    }

    private let state = Mutex(State())

    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }

    var lifetimes: Set<Int> { state.withLock { $0.lifetimes } }

    func value(_ key: String) -> Int? { state.withLock { $0.isAway ? nil : $0.values[key] } }
    func add(_ key: String, _ count: Int) { state.withLock { if !$0.isAway { $0.values[key, default: 0] += count } } }
    func flush() { state.withLock { $0.values = [:] } }

    var usage: SharedUsage {
        SharedUsage(
            read: { self.value($0) },
            add: { key, count, seconds in
                self.add(key, count)
                self.state.withLock { _ = $0.lifetimes.insert(seconds) }
            })
    }
}
