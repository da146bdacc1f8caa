import Core
import Logging
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Clean stops", .timeLimit(.minutes(5)))
struct ShutdownTests {
    /// Runs the engine as the product does while `body` runs; `body` gets the means to stop it.
    private func withService(_ world: World, _ timing: DeliveryTiming, _ body: (Instance, ServiceGroup) async throws -> Void) async throws {
        let instance = Instance(world.store.database, cipher: world.cipher, clock: world.clock, capacity: 512, timing: timing)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [instance.engine], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let running = Task { try await group.run() }
        do {
            try await body(instance, group)
        } catch {
            running.cancel()
            throw error
        }
        try await running.value
    }

    @Test("what has begun finishes, what has not goes back to the queue, and nothing is lost or doubled", arguments: World.engines)
    func drains(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            var ids: [CommunicationID] = []
            try await withService(world, DeliveryTiming()) { instance, group in
                // The engine is up once it has sent something.
                ids.append(try await world.submit(world.request(client: "zero"), to: instance))
                while try await world.status(ids[0]) != .sent { try await instance.breathe() }
                instance.email.script(.begin, .hold)
                for (number, client) in ["one", "two"].enumerated() {
                    ids.append(try await world.submit(world.request(client: client), to: instance))
                    while instance.email.kept <= number { try await instance.breathe() }
                }
                await group.triggerGracefulShutdown()
                while !instance.email.isStopped { try await instance.breathe() }
                // Still accepted, no longer begun here.
                ids.append(try await world.submit(world.request(client: "three"), to: instance))
                instance.email.conclude()
            }
            #expect(try await world.status(ids[1]) == .sent)
            for id in ids[2...] {
                #expect(try await world.status(id) == .queued)
                #expect(try await world.queued(id) == QueueRow(channel: .email, due: world.now, attempt: 0, isLeased: false))
            }
            // The next process sends them, each once, as if nothing had happened.
            try await world.turn()
            #expect(Set(world.email.accepted) == Set(ids[2...]))
            for id in ids { #expect(try await world.detail(id).story == ["accepted", "sent"]) }
        }
    }

    @Test("a provider that hangs does not hold up the stop; its message is taken over as unknown", arguments: World.engines)
    func hangs(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            var timing = DeliveryTiming()
            timing.drain = .milliseconds(100)
            var id: CommunicationID?
            try await withService(world, timing) { instance, group in
                instance.email.script(.begin)
                id = try await world.submit(world.request(), to: instance)
                while instance.email.begun.isEmpty { try await instance.breathe() }
                await group.triggerGracefulShutdown()
            }
            let stuck = try #require(id)
            let status = try await world.status(stuck)
            #expect(status == .sending)
            world.advance(seconds: 20)
            try await world.turn()
            let story = try await world.detail(stuck).story
            #expect(story == ["accepted", "attempt_unknown", "sent"])
        }
    }

    @Test("a running engine finds what becomes due by itself: fallbacks at once, without a poll", arguments: World.engines)
    func wakesUp(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            var timing = DeliveryTiming()
            // Nobody would wait that long for the net under the wake-ups.
            timing.poll = .seconds(3600)
            try await withService(world, timing) { instance, group in
                instance.email.always(.refuse(.refused))
                let id = try await world.submit(world.request(), to: instance)
                while try await world.status(id) != .sent { try await instance.breathe() }
                #expect(instance.sms.accepted == [id])
                await group.triggerGracefulShutdown()
            }
        }
    }
}
