import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Taking over from the dead", .timeLimit(.minutes(5)))
struct TakeoverTests {
    @Test(
        "a dead process's lease runs out: another one marks the attempt unknown and sends the message; a late outcome changes nothing",
        arguments: World.engines)
    func takenOver(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request())
            try await world.withAnotherProcess { other in
                world.clock.advance(milliseconds: 19_999)
                try await other.turn()
                #expect(other.email.begun.isEmpty)
                world.clock.advance(milliseconds: 1)
                try await other.turn()
                #expect(other.email.accepted == [id])
                let detail = try await world.detail(id)
                #expect(detail.record.status == .sent)
                #expect(detail.story == ["accepted", "attempt_unknown", "sent"])
                #expect(detail.attempts.map(\.number) == [1, 2])
                #expect(detail.outcomes == [.unknown, .sent])

                // The one that was believed dead comes back with another opinion.
                world.advance(seconds: 1)
                world.email.conclude(.failure(.refused))
                try await world.first.quiet()
                try await world.turn()
                let later = try await world.detail(id)
                #expect(later.record == detail.record)
                #expect(later.story == ["accepted", "attempt_unknown", "sent", "late_outcome"])
                #expect(world.sms.begun.isEmpty && other.sms.begun.isEmpty)
                #expect(world.first.engine.inFlight.values.allSatisfy { $0 == 0 })
            }
        }
    }

    @Test("a heartbeat keeps the lease of a slow attempt", arguments: World.engines)
    func heartbeat(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request())
            try await world.withAnotherProcess { other in
                for _ in 0..<5 {
                    world.advance(seconds: 13)
                    await world.first.engine.renewLeasesOnce()
                    try await other.turn()
                }
                #expect(other.email.begun.isEmpty)
                world.email.conclude()
                try await world.first.quiet()
                #expect(try await world.detail(id).story == ["accepted", "sent"])
            }
        }
    }

    @Test("an attempt that has not begun when its lease is lost to another process never begins", arguments: World.engines)
    func lostBeforeItBegan(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.hold)
            let id = try await world.submit(world.request())
            try await world.withAnotherProcess { other in
                world.advance(seconds: 20)
                try await other.turn()
                #expect(other.email.accepted == [id])
                await world.first.engine.renewLeasesOnce()
                world.email.proceed()
                try await world.first.quiet()
                #expect(world.email.begun.isEmpty)
                #expect(world.email.withdrawn == [id])
                #expect(try await world.status(id) == .sent)
            }
        }
    }

    @Test("a process that finds its own attempt in the queue, its lease run out, does not send it a second time", arguments: World.engines)
    func ownLease(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request())
            world.advance(seconds: 21)
            try await world.turn()
            #expect(world.email.begun.count == 1)
            world.email.conclude()
            try await world.first.quiet()
            #expect(try await world.status(id) == .sent)
            #expect(try await world.queued(id) == nil)
            #expect(world.first.engine.inFlight[.email] == 0)
            #expect(world.first.engine.register.count == 0)
        }
    }

    @Test("on SQLite a start releases the leases of the process before at once; elsewhere others may live", arguments: World.engines)
    func start(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request())
            // What a process was handed before its engine got to this point is its own.
            #expect(try await world.store.database.releaseAbandonedLeases(keeping: world.first.engine.token) == 0)
            #expect(try await world.store.database.releaseAbandonedLeases() == (engine == .sqlite ? 1 : 0))
            try await world.withAnotherProcess { other in
                try await other.turn()
                #expect(other.email.accepted == (engine == .sqlite ? [id] : []))
            }
        }
    }
}
