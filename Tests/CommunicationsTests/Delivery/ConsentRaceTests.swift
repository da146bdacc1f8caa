import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Consent under concurrency", .timeLimit(.minutes(5)))
struct ConsentRaceTests {
    @Test(
        "in 500 random interleavings of opt-outs and messages none begins once the opt-out is acknowledged", arguments: World.engines,
        [UInt64(1), 2, 3, 4, 5])
    func interleavings(engine: TestEngine, seed: UInt64) async throws {
        let witness = Witness(seed: seed)
        try await withWorld(engine, mail: { _ in witness }) { world in
            var generator = SeededGenerator(seed: seed)
            // A claim runs beside hand-offs all the time.
            let lane = try #require(world.first.engine.lanes[.email])
            let claiming = Task {
                while !Task.isCancelled { _ = await world.first.engine.runOnce(lane) }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    let pauses = (0..<4).map { _ in Int.random(in: 0..<60, using: &generator) }
                    let client = "client-\(number)"
                    group.addTask { try await Self.race(world, witness, client: client, pauses: pauses, headStart: number % 2 == 1) }
                    // A handful at a time, so that each round of the store holds several of them.
                    if number % 8 == 7 { try await group.next() }
                }
                try await group.waitForAll()
            }
            claiming.cancel()
            await claiming.value
            // What was withdrawn goes back to the queue, and from there to its end.
            try await world.first.quiet()
            for _ in 0..<4 { try await world.first.turn(.email) }
            #expect(witness.violations == [])
            // The test is worth something only if some messages won the race.
            #expect(witness.begun > 0)
            let open = try await world.store.database.read { tx in
                try tx.run(
                    """
                    SELECT m.status, q.attempt, q.due_at, q.lease_token
                    FROM crm_communications m LEFT JOIN crm_delivery_queue q ON q.communication_id = m.communication_id
                    WHERE m.status NOT IN ('sent', 'suppressed')
                    """
                ).map { "\(try $0.text(0)) \(try $0.intOrNil(1) ?? -1) \(try $0.int64OrNil(2) ?? 0) \(try $0.isNull(3))" }
            }
            #expect(open == [])
        }
    }

    /// Three messages against one opt-out, which with a head start comes after the first of them.
    private static func race(_ world: World, _ witness: Witness, client: String, pauses: [Int], headStart: Bool) async throws {
        let address = "\(client)@example.org"
        let request = try world.request(client: client, recipient: RecipientUpdate(name: "Ada", email: address))
        if headStart { try await world.submit(request) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pause in pauses.dropFirst(headStart ? 2 : 1) {
                group.addTask {
                    for _ in 0..<pause { await Task.yield() }
                    try await world.submit(request)
                }
            }
            group.addTask {
                for _ in 0..<pauses[0] { await Task.yield() }
                try await world.change(PreferencesUpdate(optOutEmail: true), client: client)
                witness.acknowledged(address)
            }
            try await group.waitForAll()
        }
    }
}
