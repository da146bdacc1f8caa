import Core
import Observability
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Events that do not get through", .timeLimit(.minutes(5)))
struct EventFailureTests {
    @Test(
        "an event is offered eight times over 28 hours; then it has failed, its endpoint is switched off, and the next waits",
        arguments: World.engines)
    func givingUp(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer(503, [:], "busy")
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada", "one")
                try await world.emit("ada", "two")
                // Each a tenth longer than the delay: the most that jitter can make of it.
                for (attempt, delay) in [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].enumerated() {
                    if delay > 0 {
                        world.store.clock.advance(milliseconds: Int64(delay) * 1_000 - 1)
                        #expect(try await world.dispatcher.runOnce() == 0, "attempt \(attempt + 1) came early")
                        world.store.clock.advance(milliseconds: Int64(delay) * 100 + 1)
                    }
                    #expect(try await world.dispatcher.runOnce() == 1)
                    #expect(receiver.received.count == attempt + 1)
                    #expect(try await world.reload(endpoint)?.isEnabled == (attempt < 7))
                }
                #expect(Set(receiver.received.map { $0.data("text") }) == ["one"])
                #expect(Set(receiver.received.map { $0.headers["webhook-timestamp"] }).count == 8)
                let deliveries = try await world.deliveries(endpoint)
                #expect(deliveries.map(\.status) == [.waiting, .failed])
                #expect(deliveries[1].attempts.map(\.responseStatus) == Array(repeating: 503, count: 8))
                #expect(deliveries[1].attempts.first?.response == "busy")
                #expect(try await world.reload(endpoint)?.disabledReason == "every delivery has failed for 28 hours")
                #expect(world.dispatcher.metrics.endpoints.disabled.value == 1)

                receiver.answer(200)
                try await world.settle()
                #expect(receiver.received.count == 8)
                _ = try await world.database.write { tx in try tx.enableWebhookEndpoint(endpoint.id, business: World.business) }
                try await world.settle()
                #expect(receiver.received.last?.data("text") == "two")
                #expect(try await world.reload(endpoint)?.failingSince == nil)
            }
        }
    }

    @Test("an endpoint that works for others gives an event up without being switched off", arguments: World.engines)
    func oneBadEvent(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer { delivery in .init(status: delivery.data("text") == "bad" ? 400 : 200) }
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada", "bad")
                try await world.emit("ada", "after")
                for _ in 0..<8 {
                    try await world.emit("bob", "good")
                    try await world.settle()
                    world.store.clock.advance(seconds: 40_000)
                }
                #expect(try await world.reload(endpoint)?.isEnabled == true)
                #expect(receiver.received.last?.data("text") == "after")
                #expect(try await world.deliveries(endpoint).filter { $0.status == .failed }.count == 1)
            }
        }
    }

    @Test("410 switches the endpoint off at once, and a disabled endpoint gets nothing", arguments: World.engines)
    func gone(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer(410)
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada")
                try await world.settle()
                let known = try #require(try await world.reload(endpoint))
                #expect(!known.isEnabled && known.disabledAt == world.now)
                #expect(known.disabledReason == "the endpoint answered 410 Gone")
                try await world.emit("bob", "missed")
                world.store.clock.advance(seconds: 86_400)
                try await world.settle()
                #expect(receiver.received.count == 1)
                // What was missed is kept, and comes when it is asked for.
                receiver.answer(200)
                let now = world.now
                let replay = try await world.database.write { tx in
                    _ = try tx.enableWebhookEndpoint(endpoint.id, business: World.business)
                    return try tx.replayEvents(
                        endpoint: endpoint.id, business: World.business, since: now.adding(seconds: -90_000), until: now, after: 0,
                        limit: 10)
                }
                #expect(replay.count == 2 && replay.next == nil)
                try await world.settle()
                #expect(receiver.received.contains { $0.data("text") == "missed" })
            }
        }
    }

    @Test("an endpoint that has failed for a while gets one event at a time until one gets through", arguments: World.engines)
    func probing(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer(500)
                try await world.endpoint(receiver.url)
                for client in 0..<10 { try await world.emit("client-\(client)") }
                #expect(try await world.dispatcher.runOnce() == 10)
                // The second failure of each is due after 5 s and a tenth; by then the endpoint has not failed for long.
                world.store.clock.advance(seconds: 6)
                #expect(try await world.dispatcher.runOnce() == 10)
                world.store.clock.advance(seconds: 400)
                #expect(try await world.dispatcher.runOnce() == 1)
                receiver.answer(200)
                #expect(try await world.dispatcher.runOnce() == 1)
                #expect(try await world.dispatcher.runOnce() == 8)
            }
        }
    }

    @Test("an endpoint that moves begins with a clean sheet; other changes leave its record alone", arguments: World.engines)
    func moved(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer(500)
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada")
                try await world.settle()
                for (url, failingSince) in [(receiver.url, world.now), (receiver.url + "?moved", nil)] {
                    let wishes = WebhookEndpoint.Wishes(url: url, description: "changed", eventTypes: [.clientReplied])
                    _ = try await world.database.write { tx in
                        try tx.changeWebhookEndpoint(endpoint.id, wishes, business: World.business)
                    }
                    #expect(try await world.reload(endpoint)?.failingSince == failingSince)
                }
                receiver.answer(200)
                world.store.clock.advance(seconds: 6)
                try await world.settle()
                #expect(try await world.deliveries(endpoint).first?.status == .delivered)
            }
        }
    }

    @Test("a redirect is not followed and counts as a failure")
    func redirect() async throws {
        try await EventWorld.with(.sqlite) { world in
            try await WebhookReceiver.running { elsewhere in
                try await WebhookReceiver.running { receiver in
                    receiver.answer(302, ["location": elsewhere.url])
                    let endpoint = try await world.endpoint(receiver.url)
                    try await world.emit("ada")
                    try await world.settle()
                    #expect(elsewhere.received.isEmpty)
                    let delivery = try #require(try await world.deliveries(endpoint).first)
                    #expect(delivery.status == .waiting && delivery.attempts.first?.responseStatus == 302)
                }
            }
        }
    }

    @Test("Retry-After is obeyed")
    func retryAfter() async throws {
        try await EventWorld.with(.sqlite) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer(429, ["retry-after": "60"])
                try await world.endpoint(receiver.url)
                try await world.emit("ada")
                try await world.settle()
                world.store.clock.advance(seconds: 59)
                #expect(try await world.dispatcher.runOnce() == 0)
                world.store.clock.advance(seconds: 8)
                #expect(try await world.dispatcher.runOnce() == 1)
            }
        }
    }

    @Test("a Retry-After that is a date is obeyed too, up to a day")
    func retryAfterDate() async throws {
        try await EventWorld.with(.sqlite) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer(503, ["retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"])
                try await world.endpoint(receiver.url)
                try await world.emit("ada")
                try await world.settle()
                world.store.clock.advance(seconds: 86_399)
                #expect(try await world.dispatcher.runOnce() == 0)
                world.store.clock.advance(seconds: 8_641)
                #expect(try await world.dispatcher.runOnce() == 1)
            }
        }
    }

    @Test("private networks and unencrypted addresses are refused where the operator has not allowed them, and nothing is sent")
    func privateNetwork() async throws {
        try await EventWorld.with(.sqlite, allowsPrivateNetworks: false) { world in
            try await WebhookReceiver.running { receiver in
                let plain = try await world.endpoint(receiver.url)
                let loopback = try await world.endpoint(receiver.url.replacing("http:", with: "https:"))
                try await world.emit("ada")
                try await world.settle()
                #expect(receiver.received.isEmpty)
                for endpoint in [plain, loopback] {
                    let attempt = try #require(try await world.deliveries(endpoint).first?.attempts.first)
                    #expect(attempt.responseStatus == nil)
                    #expect(attempt.error?.hasPrefix("not sent: ") == true)
                }
            }
        }
    }

    @Test("an answer is kept up to 1 KiB without control characters; of one beyond 64 KiB the status counts")
    func answers() async throws {
        try await EventWorld.with(.sqlite) { world in
            try await WebhookReceiver.running { receiver in
                let endpoint = try await world.endpoint(receiver.url)
                receiver.answer(200, [:], "a\u{1B}[31m\u{0}b\r\n" + String(repeating: "x", count: 3_000))
                try await world.emit("ada")
                try await world.settle()
                let kept = try #require(try await world.deliveries(endpoint).first?.attempts.first?.response)
                #expect(kept.hasPrefix("a [31m b  xxx") && kept.utf8.count == 1_024)
                receiver.answer(200, [:], String(repeating: "x", count: 70_000))
                try await world.emit("bob")
                try await world.settle()
                let large = try #require(try await world.deliveries(endpoint).first)
                #expect(large.status == .delivered && large.attempts.first?.response == nil)
                receiver.answer(500, [:], String(repeating: "x", count: 70_000))
                try await world.emit("cy")
                try await world.settle()
                let failed = try #require(try await world.deliveries(endpoint).first)
                #expect(failed.status == .waiting && failed.attempts.first?.error == "answered with status 500")
            }
        }
    }

    @Test("an endpoint that is slow beyond its time is a failure")
    func timeout() async throws {
        var timing = EventTiming()
        timing.timeout = .milliseconds(50)
        try await EventWorld.with(.sqlite, timing: timing) { world in
            let gate = Latch()
            try await WebhookReceiver.running({ _ in
                await gate.wait()
                return .init()
            }) { receiver in
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada")
                try await world.settle()
                // On a busy machine the time may be over before there is a connection.
                let error = try await world.deliveries(endpoint).first?.attempts.first?.error
                #expect(error == "no answer in time" || error == "no connection in time")
                gate.open()
            }
        }
    }

    @Test("one event can be offered again, from its first attempt on", arguments: World.engines)
    func retry(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer(500)
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada")
                try await world.settle()
                let event = try #require(try await world.deliveries(endpoint).first?.event.id)
                receiver.answer(200)
                let again: @Sendable (Transaction) throws -> Bool = { tx in try tx.retryEvent(event, endpoint: endpoint.id) }
                #expect(try await world.database.write(again))
                try await world.settle()
                #expect(receiver.received.count == 2)
                #expect(try await world.deliveries(endpoint).first?.status == .delivered)
                #expect(try await world.database.write(again))
                try await world.settle()
                #expect(receiver.received.count == 3)
                let stranger = UUIDv7(at: world.now)
                #expect(try await world.database.write { tx in try !tx.retryEvent(stranger, endpoint: endpoint.id) })
            }
        }
    }

    @Test("events are forgotten after thirty days, and lanes that they leave empty end", arguments: World.engines)
    func purge(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                receiver.answer(500)
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada", "old")
                try await world.settle()
                world.store.clock.advance(seconds: 30 * 86_400)
                try await world.emit("bob", "new")
                #expect(try await world.dispatcher.purge() == 0)
                world.store.clock.advance(milliseconds: 1)
                #expect(try await world.dispatcher.purge() == 1)
                receiver.answer(200)
                try await world.settle()
                #expect(try await world.deliveries(endpoint).count == 1)
                #expect(receiver.received.map { $0.data("text") } == ["old", "new"])
                let lanes = try await world.database.read { tx in try tx.run("SELECT COUNT(*) FROM crm_event_lanes")[0].int(0) }
                #expect(lanes == 0)
            }
        }
    }

    @Test("erasing a client takes their events along, also one that is on its way", arguments: World.engines)
    func erasure(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada")
                try await world.emit("bob")
                let (now, id) = (world.now, endpoint.id)
                let onTheWay = try await world.database.write { tx in
                    _ = try tx.distributeEvents(limit: 100)
                    return try tx.claimEvents(endpoint: id, limit: 10, token: 1, leaseUntil: now.adding(seconds: 30))
                }
                #expect(onTheWay.count == 2)
                let ada = try #require(ClientID("ada"))
                _ = try await world.database.erase(ada, business: World.business)
                let outcomes = onTheWay.map { due in
                    EventOutcome(due: due, startedAt: now, duration: 1, responseStatus: 200, error: nil, response: nil, result: .delivered)
                }
                _ = try await world.database.write { tx in try tx.finishEvents(outcomes, endpoint: id, token: 1, policy: .standard) }
                let left = try await world.deliveries(endpoint)
                #expect(left.map { $0.event.clientID?.text } == ["bob"])
                #expect(left.first?.status == .delivered)
            }
        }
    }
}
