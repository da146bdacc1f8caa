import Core
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Communications

@Suite("Stop words under concurrency", .timeLimit(.minutes(5)))
struct StopRaceTests {
    @Test(
        "in 240 random interleavings of stop words and messages none begins once the stop word is acknowledged", arguments: World.engines,
        [UInt64(1), 2])
    func interleavings(engine: TestEngine, seed: UInt64) async throws {
        try await withWorld(engine) { world in
            var generator = SeededGenerator(seed: seed)
            let lane = try #require(world.first.engine.lanes[.sms])
            let claiming = Task {
                while !Task.isCancelled { _ = await world.first.engine.runOnce(lane) }
            }
            let ledger = Ledger()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<120 {
                    // The stop word takes longer on its way than a message does.
                    let pauses = [10, 300, 300].map { Int.random(in: 0..<$0, using: &generator) }
                    group.addTask {
                        try await Self.race(world, ledger, number: number, pauses: pauses, headStart: number % 2 == 1)
                    }
                    if number % 8 == 7 { try await group.next() }
                }
                try await group.waitForAll()
            }
            claiming.cancel()
            await claiming.value
            try await world.first.quiet()
            for _ in 0..<4 { try await world.first.turn(.sms) }
            // What was begun to a number when its stop word was acknowledged is all that ever may be.
            let allowed = ledger.begun
            #expect(allowed.count == 120)
            for (phone, count) in allowed { #expect(Self.begun(world, phone) == count, "\(phone)") }
            // The test is worth something only if some messages won the race and some lost it.
            #expect(!world.sms.begun.isEmpty && world.sms.begun.count < 300)
        }
    }

    private final class Ledger: Sendable {
        private let counts = Mutex<[String: Int]>([:])

        var begun: [String: Int] { counts.withLock { $0 } }

        func acknowledged(_ phone: String, begun count: Int) { counts.withLock { $0[phone] = count } }
    }

    private static func begun(_ world: World, _ phone: String) -> Int {
        world.sms.begun.count { $0.address == phone }
    }

    /// Two or three messages against one stop word.
    private static func race(_ world: World, _ ledger: Ledger, number: Int, pauses: [Int], headStart: Bool) async throws {
        let phone = "+1415555\(1000 + number)"
        let request = CommunicationRequest(
            clientID: try #require(ClientID("client-\(number)")), messageType: "reminder", urgency: .critical, preferredChannel: .sms,
            channels: [.sms], context: Array("{}".utf8), recipient: RecipientUpdate(name: "Ada", phoneNumber: phone))
        if headStart { try await world.submit(request) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pause in pauses.dropFirst() {
                group.addTask {
                    for _ in 0..<pause { await Task.yield() }
                    try await world.submit(request)
                }
            }
            group.addTask {
                for _ in 0..<pauses[0] { await Task.yield() }
                try await world.take(world.text("STOP", from: phone))
                ledger.acknowledged(phone, begun: begun(world, phone))
            }
            try await group.waitForAll()
        }
        try await world.submit(request)
    }
}
