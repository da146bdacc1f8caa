import Core
import Logging
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Bulkheads", .timeLimit(.minutes(5)))
struct BulkheadTests {
    @Test(
        "while one provider hangs with a full lane and a backlog, all of the others' messages leave",
        arguments: World.engines)
    func hangingProvider(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let instance = Instance(world.store.database, cipher: world.cipher, clock: world.clock, capacity: 32, timing: DeliveryTiming())
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [instance.engine], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
            let running = Task { try await group.run() }
            instance.email.always(.begin)
            var mails: [CommunicationID] = []
            for number in 0..<80 {
                mails.append(try await world.submit(world.request(client: "mail-\(number)", channel: .email), to: instance))
            }
            while instance.email.begun.count < 32 { try await instance.breathe() }
            var texts: [CommunicationID] = []
            for number in 0..<80 {
                let channel: Channel = number.isMultiple(of: 2) ? .sms : .whatsapp
                texts.append(try await world.submit(world.request(client: "text-\(number)", channel: channel), to: instance))
                while (instance.engine.inFlight[channel] ?? 0) > 0 { try await instance.breathe() }
            }
            // Where the machine is busy, one may wait in the queue instead of being handed over.
            while (instance.sms.accepted + instance.whatsapp.accepted).count < texts.count { try await instance.breathe() }
            #expect(Set(instance.sms.accepted + instance.whatsapp.accepted) == Set(texts))
            #expect(instance.email.accepted.isEmpty)
            #expect(instance.engine.inFlight[.email] == 32)
            // It comes back to life.
            instance.email.always(.accept)
            instance.email.conclude()
            while instance.email.accepted.count < 80 { try await instance.breathe() }
            #expect(Set(instance.email.accepted) == Set(mails))
            await group.triggerGracefulShutdown()
            try await running.value
        }
    }

    @Test("a transport that never says whether it works is not well")
    func silentTransport() async throws {
        var timing = DeliveryTiming()
        // Long enough for those who answer at once, also on a busy machine.
        timing.check = .milliseconds(500)
        try await withWorld(.sqlite, timing: timing, mail: { _ in SilentTransport() }) { world in
            #expect(await world.first.engine.checkTransport(.email) == "silent did not answer in time")
            #expect(await world.first.engine.checkTransport(.sms) == nil)
        }
    }
}

private struct SilentTransport: Transport {
    let provider = "silent"
    let isSandbox = false
    let capacity = 1

    func send(_ deliveries: [Delivery]) {}
    func check() async -> String? {
        // Ends only when it is cancelled.
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        for await _ in stream {}
        return withExtendedLifetime(continuation) { nil }
    }
    func stop(within: Duration) async {}
}
