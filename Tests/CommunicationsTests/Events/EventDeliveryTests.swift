import Core
import Crypto
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Communications

@Suite("Events at endpoints", .timeLimit(.minutes(5)))
struct EventDeliveryTests {
    @Test("an event arrives once, with its id, the time of the attempt and a signature that holds", arguments: World.engines)
    func signature(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                let secret = WebhookSecret()
                let endpoint = try await world.endpoint(receiver.url, secret: secret)
                try await world.emit("ada", "yes")
                try await world.settle()
                let delivery = try #require(receiver.received.first)
                #expect(receiver.received.count == 1)
                let known = try #require(try await world.deliveries(endpoint).first)
                #expect(delivery.headers["webhook-id"] == known.event.id.description)
                #expect(delivery.headers["webhook-timestamp"] == "\(world.now.seconds)")
                #expect(delivery.headers["content-type"] == "application/json")
                let message = Data("\(known.event.id).\(world.now.seconds).".utf8) + Data(delivery.body)
                let code = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: secret.key))
                #expect(delivery.headers["webhook-signature"] == "v1," + Data(code).base64EncodedString())
                #expect(delivery.json?["type"]?.string == "client.replied")
                #expect(delivery.json?["timestamp"]?.string == world.now.rfc3339)
                #expect(delivery.data("client_id") == "ada")
                #expect(delivery.data("text") == "yes")
                #expect(delivery.data("occurred_at") == world.now.rfc3339)
                #expect(known.status == .delivered)
                #expect(known.attempts.map(\.responseStatus) == [200])
            }
        }
    }

    @Test("Python's hmac comes to the same signature")
    func python() throws {
        let payload = Array(#"{"type":"communication.sent","data":{"name":"Zoë"}}"#.utf8)
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = WebhookSignature.sign(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, payload: payload, keys: [secret])
        let script = """
            import base64, hashlib, hmac, sys
            key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            body = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + sys.stdin.buffer.read()
            print("v1," + base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode())
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(payload))
        try input.fileHandleForWriting.close()
        let answer = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(answer == signature + "\n")
    }

    @Test("the example of the specification is signed as it says")
    func specification() throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = WebhookSignature.sign(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, payload: Array(#"{"test": 2432232314}"#.utf8), keys: [secret])
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test("a key that was replaced signs along for its time, and no longer", arguments: World.engines)
    func rotation(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                let endpoint = try await world.endpoint(receiver.url)
                let sealed = try world.cipher.seal(WebhookSecret().key, .webhookSecret(world.business, endpoint.id))
                let until = world.now.adding(seconds: 86_400)
                _ = try await world.database.write { tx in
                    try tx.rotateWebhookSecret(endpoint.id, to: sealed, previousUntil: until, business: World.business)
                }
                func signatures() async throws -> [Substring] {
                    try await world.emit("ada")
                    try await world.settle()
                    return receiver.received.last?.headers["webhook-signature"]?.split(separator: " ") ?? []
                }
                let both = try await signatures()
                #expect(both.count == 2 && Set(both).count == 2 && both.allSatisfy { $0.hasPrefix("v1,") })
                world.store.clock.advance(seconds: 86_400)
                #expect(try await signatures().count == 1)
            }
        }
    }

    @Test("only the types that an endpoint wants arrive there, and only its own business's", arguments: World.engines)
    func interest(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                let stranger = UUIDv7(at: world.now)
                try await world.database.write { tx in
                    var business = World.standardBusiness()
                    business.id = stranger
                    try tx.insertBusiness(business)
                }
                try await world.endpoint(receiver.url + "?one", types: [.clientOptedOut, .bounced])
                try await world.emit("ada", "no", type: .clientReplied)
                try await world.emit("ada", "no", type: .clientOptedOut, business: stranger)
                try await world.emit("ada", "yes", type: .clientOptedOut)
                try await world.settle()
                #expect(receiver.received.map { $0.data("text") } == ["yes"])
            }
        }
    }

    @Test("an event waits for the client's earlier one at that endpoint; other clients and endpoints do not", arguments: World.engines)
    func order(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { failing in
                try await WebhookReceiver.running { working in
                    failing.answer { delivery in .init(status: delivery.data("text") == "a1" ? 500 : 200) }
                    try await world.endpoint(failing.url)
                    try await world.endpoint(working.url)
                    for (client, text) in [("ada", "a1"), ("ada", "a2"), ("bob", "b1"), ("ada", "a3"), ("bob", "b2")] {
                        try await world.emit(client, text)
                    }
                    try await world.settle()
                    #expect(failing.received.map { $0.data("text") ?? "" }.sorted() == ["a1", "b1", "b2"])
                    #expect(working.received.count == 5)
                    failing.answer(200)
                    world.store.clock.advance(seconds: 6)
                    try await world.settle()
                    let texts = failing.received.map { $0.data("text") ?? "" }
                    #expect(texts.filter { $0.hasPrefix("a") } == ["a1", "a1", "a2", "a3"])
                    #expect(texts.filter { $0.hasPrefix("b") } == ["b1", "b2"])
                    let ids = failing.received.filter { $0.data("text") == "a1" }.map { $0.headers["webhook-id"] }
                    #expect(ids.count == 2 && Set(ids).count == 1)
                }
            }
        }
    }

    @Test("an endpoint that hangs holds up neither other endpoints nor more than its own places")
    func bulkhead() async throws {
        var timing = EventTiming()
        timing.perEndpoint = 4
        timing.pace = .milliseconds(1)
        try await EventWorld.with(.sqlite, timing: timing) { world in
            let gate = Latch()
            try await WebhookReceiver.running({ _ in
                await gate.wait()
                return .init()
            }) { hanging in
                try await WebhookReceiver.running { working in
                    try await world.endpoint(hanging.url)
                    try await world.endpoint(working.url)
                    try await world.running(world.dispatcher) {
                        for index in 0..<40 { try await world.emit("client-\(index)") }
                        try await working.arrivals { $0.count == 40 }
                        #expect(hanging.received.count <= 4)
                        gate.open()
                        try await hanging.arrivals { $0.count == 40 }
                    }
                }
            }
        }
    }

    @Test("a stop cuts short what hangs and gives it back, without counting the attempt", arguments: World.engines)
    func stop(engine: TestEngine) async throws {
        var timing = EventTiming()
        timing.drain = .milliseconds(10)
        try await EventWorld.with(engine, timing: timing) { world in
            let gate = Latch()
            try await WebhookReceiver.running({ _ in
                await gate.wait()
                return .init()
            }) { receiver in
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada", "one")
                try await world.running(world.dispatcher) { try await receiver.arrivals { $0.count == 1 } }
                #expect(world.dispatcher.flights.count == 0)
                let delivery = try #require(try await world.deliveries(endpoint).first)
                #expect(delivery.status == .waiting && delivery.attempts.isEmpty)
                gate.open()
                // Its turn again at once, for whoever comes next.
                try await world.settle(EventWorld.dispatcher(world.database, world.cipher, world.store.clock))
                #expect(receiver.received.map { $0.data("text") } == ["one", "one"])
            }
        }
    }

    @Test("what a dead process was delivering another one delivers once its lease has run out", arguments: World.engines)
    func takeover(engine: TestEngine) async throws {
        try await EventWorld.with(engine) { world in
            try await WebhookReceiver.running { receiver in
                let endpoint = try await world.endpoint(receiver.url)
                try await world.emit("ada", "one")
                try await world.emit("ada", "two")
                let (leaseUntil, id) = (world.now.adding(seconds: 30), endpoint.id)
                let dead = try await world.database.write { tx in
                    _ = try tx.distributeEvents(limit: 100)
                    return try tx.claimEvents(endpoint: id, limit: 10, token: 1, leaseUntil: leaseUntil)
                }
                #expect(dead.map(\.event.data).count == 1)
                try await world.settle()
                #expect(receiver.received.isEmpty)
                world.store.clock.advance(seconds: 30)
                try await world.settle()
                #expect(receiver.received.map { $0.data("text") } == ["one", "two"])
                // It wakes up late and wants to write down a failure.
                let late = dead.map { due in
                    EventOutcome(
                        due: due, startedAt: leaseUntil, duration: 1, responseStatus: 500, error: "late", response: nil, result: .failed)
                }
                _ = try await world.database.write { tx in try tx.finishEvents(late, endpoint: id, token: 1, policy: .standard) }
                #expect(try await world.deliveries(endpoint).allSatisfy { $0.status == .delivered && $0.attempts.count == 1 })
            }
        }
    }

    @Test("two instances deliver everything at least once and keep each client's order", arguments: World.engines)
    func twoInstances(engine: TestEngine) async throws {
        var timing = EventTiming()
        timing.pace = .milliseconds(1)
        timing.poll = .milliseconds(10)
        try await EventWorld.with(engine, timing: timing) { [timing] world in
            try await WebhookReceiver.running { receiver in
                try await world.endpoint(receiver.url)
                // SQLite admits one process: there the second one is another dispatcher on the same store.
                let another = engine == .postgresql ? try await world.store.openAnother() : nil
                let second = EventWorld.dispatcher(another ?? world.database, world.cipher, world.store.clock, timing: timing)
                try await world.running(world.dispatcher) {
                    try await world.running(second) {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for client in 0..<8 {
                                group.addTask {
                                    for number in 0..<20 {
                                        try await world.emit(
                                            "client-\(client)", "\(number)", on: number % 2 == 0 ? nil : another)
                                    }
                                }
                            }
                            try await group.waitForAll()
                        }
                        try await receiver.arrivals { Set($0.map { $0.headers["webhook-id"] }).count == 160 }
                    }
                }
                await another?.close()
                // Nothing is left behind in a lane, nor a lane behind its events.
                let left = try await world.database.read { tx in
                    try tx.run(
                        """
                        SELECT (SELECT COUNT(*) FROM crm_event_lanes),
                            (SELECT COUNT(*) FROM crm_event_deliveries WHERE status = 'delivered')
                        """)[0]
                }
                #expect(try left.int(0) == 0 && left.int(1) == 160)
                for client in 0..<8 {
                    var seen: Set<String?> = []
                    let order = receiver.received.filter { $0.data("client_id") == "client-\(client)" }
                        .filter { seen.insert($0.headers["webhook-id"]).inserted }.compactMap { $0.data("text").flatMap { Int($0) } }
                    #expect(order == Array(0..<20))
                }
            }
        }
    }
}
