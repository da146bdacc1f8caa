import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Lanes", .timeLimit(.minutes(5)))
struct LaneTests {
    private func submit(_ world: World, _ client: String, urgency: Urgency = .high, channel: Channel = .email) async throws
        -> CommunicationID
    {
        world.clock.advance(milliseconds: 1)
        return try await world.submit(world.request(urgency: urgency, client: client, channel: channel))
    }

    @Test("what finds its lane full waits as queued and is claimed when places are free", arguments: World.engines)
    func full(engine: TestEngine) async throws {
        try await withWorld(engine, capacity: 2) { world in
            world.email.script(.begin, .begin)
            _ = try await submit(world, "one")
            _ = try await submit(world, "two")
            let third = try await submit(world, "three")
            #expect(try await world.status(third) == .queued)
            #expect(try await world.queued(third) == QueueRow(channel: .email, due: world.now, attempt: 0, isLeased: false))
            try await world.turn(.email)
            #expect(world.email.begun.count == 2)
            world.email.conclude()
            try await world.first.quiet()
            try await world.turn(.email)
            #expect(world.email.begun.map(\.id).last == third)
            #expect(try await world.status(third) == .sent)
        }
    }

    @Test("while older messages wait only a critical one may pass them, and the queue gives out by priority", arguments: World.engines)
    func backlog(engine: TestEngine) async throws {
        try await withWorld(engine, capacity: 1) { world in
            world.email.script(.begin)
            _ = try await submit(world, "one")
            let old = try await submit(world, "two")
            world.email.conclude()
            try await world.first.quiet()
            // A place is free, but "two" was there first.
            let young = try await submit(world, "three")
            #expect(try await world.status(young) == .queued)
            let critical = try await submit(world, "four", urgency: .critical)
            try await world.first.quiet()
            #expect(world.email.accepted.last == critical)
            for _ in 0..<2 { try await world.turn(.email) }
            #expect(world.email.accepted.suffix(2) == [old, young])
        }
    }

    @Test("critical messages that must wait are claimed before others, whatever their age", arguments: World.engines)
    func priority(engine: TestEngine) async throws {
        try await withWorld(engine, capacity: 1) { world in
            world.email.script(.begin)
            _ = try await submit(world, "zero")
            let high = try await submit(world, "one")
            let critical = try await submit(world, "two", urgency: .critical)
            world.email.conclude()
            try await world.first.quiet()
            for _ in 0..<2 { try await world.turn(.email) }
            #expect(world.email.accepted.suffix(2) == [critical, high])
        }
    }

    @Test("a transport that hangs leaves the other channels' flow alone", arguments: World.engines)
    func bulkhead(engine: TestEngine) async throws {
        try await withWorld(engine, capacity: 2) { world in
            world.email.always(.begin)
            for number in 0..<4 { _ = try await submit(world, "mail-\(number)") }
            var texts: [CommunicationID] = []
            for number in 0..<4 {
                texts.append(try await submit(world, "text-\(number)", channel: .sms))
                try await world.turn()
            }
            #expect(world.email.accepted.isEmpty)
            #expect(world.email.begun.count == 2)
            #expect(world.sms.accepted == texts)
        }
    }

    @Test("a claim that the store refuses gives its places back", arguments: World.engines)
    func failedClaim(engine: TestEngine) async throws {
        let faults = Faults()
        try await withWorld(engine, faults: faults, capacity: 2) { world in
            var request = try world.request()
            request.sendAt = world.now.adding(seconds: 60)
            let id = try await world.submit(request)
            world.advance(seconds: 60)
            for _ in 0..<3 {
                faults.inject(.fail(.unavailable(.notWritable, details: "disk full")), at: .commit)
                try await world.turn(.email)
                #expect(world.first.engine.inFlight[.email] == 0)
                #expect(world.first.engine.register.count == 0)
            }
            #expect(world.email.begun.isEmpty)
            try await world.turn(.email)
            #expect(world.email.accepted == [id])
        }
    }
}
