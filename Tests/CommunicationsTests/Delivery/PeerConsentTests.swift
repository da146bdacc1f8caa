import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Consent over several instances", .timeLimit(.minutes(5)))
struct PeerConsentTests {
    /// Two instances on one PostgreSQL that hear each other; both send through `witness`.
    private func withTwoInstances(
        _ witness: Witness, _ body: (World, Instance) async throws -> Void
    ) async throws {
        try await withWorld(.postgresql, mail: { _ in witness }) { world in
            let database = try await world.store.openAnother()
            let second = Instance(database, cipher: world.cipher, clock: world.clock, capacity: 1024, timing: world.timing, mail: witness)
            let lines = [world.first, second].map { instance in Task { await instance.engine.peers.run() } }
            func end() async {
                for instance in [world.first, second] { instance.engine.peers.close() }
                for line in lines { await line.value }
                await database.close()
            }
            do {
                try await second.running { second in
                    // Until the server has answered both, nothing may begin.
                    while !world.first.engine.peers.isInTouch || !second.engine.peers.isInTouch { try await second.breathe() }
                    try await body(world, second)
                }
            } catch {
                await end()
                throw error
            }
            await end()
        }
    }

    @Test("once an opt-out is acknowledged on one instance, nothing that another has taken begins", arguments: [UInt64(1), 2, 3])
    func opposite(seed: UInt64) async throws {
        let witness = Witness(seed: seed)
        try await withTwoInstances(witness) { world, second in
            var generator = SeededGenerator(seed: seed)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    let client = "client-\(number)"
                    let pauses = (0..<2).map { _ in Int.random(in: 0..<200, using: &generator) }
                    group.addTask {
                        let address = "\(client)@example.org"
                        let request = try world.request(client: client, recipient: RecipientUpdate(name: "Ada", email: address))
                        async let submitted: Void = {
                            for _ in 0..<pauses[0] { await Task.yield() }
                            for _ in 0..<3 { try await world.submit(request, to: second) }
                        }()
                        for _ in 0..<pauses[1] { await Task.yield() }
                        try await world.change(PreferencesUpdate(optOutEmail: true), client: client)
                        witness.acknowledged(address)
                        try await submitted
                    }
                    if number % 8 == 7 { try await group.next() }
                }
                try await group.waitForAll()
            }
            try await second.quiet()
            for _ in 0..<4 { try await second.turn(.email) }
            #expect(witness.violations == [])
            #expect(witness.begun > 0)
        }
    }

    @Test("a change of preferences that one instance has acknowledged shows on the other, whose copy is older")
    func copies() async throws {
        try await withTwoInstances(Witness(seed: 1)) { world, second in
            let ada = try #require(ClientID("ada"))
            for number in 0..<40 {
                let optsOut = number % 2 == 0
                // Two reads: the first one may fill the gap that the last change left.
                for _ in 0..<2 { _ = try await second.preferences.answer(ada, business: world.business) }
                try await world.change(PreferencesUpdate(optOutSMS: optsOut))
                let answer = String(decoding: try await second.preferences.answer(ada, business: world.business), as: UTF8.self)
                #expect(answer == #"{"client_id":"ada","opt_out_sms":\#(optsOut)}"#)
            }
        }
    }

    @Test("an attempt that waits on another instance is withdrawn before the opt-out returns")
    func waiting() async throws {
        let witness = Witness(seed: 1)
        try await withTwoInstances(witness) { world, second in
            witness.holdBack()
            let id = try await world.submit(try world.request(), to: second)
            try await world.change(PreferencesUpdate(optOutEmail: true))
            witness.acknowledged("ada@example.org")
            witness.letGo()
            try await second.quiet()
            try await second.turn(.email)
            #expect(witness.begun == 0)
            #expect(try await world.status(id) != .sent)
        }
    }

    @Test("who is cut off from the others begins nothing that it holds")
    func cutOff() async throws {
        let witness = Witness(seed: 1)
        try await withTwoInstances(witness) { world, second in
            witness.holdBack()
            try await world.submit(try world.request(), to: second)
            // The server ends the second one's line; it joins again, and may have missed anything meanwhile.
            try await world.store.database.read { tx in
                _ = try tx.run(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = \("rapport-peer \(second.database.peers.name)")
                    """)
            }
            while second.engine.peers.isInTouch { try await second.breathe() }
            witness.letGo()
            try await second.quiet()
            #expect(witness.begun == 0)
            while !second.engine.peers.isInTouch { try await second.breathe() }
            try await second.turn(.email)
            #expect(witness.begun == 1)
        }
    }
}
