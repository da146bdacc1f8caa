import Core
import TestSupport
import Testing

@testable import Storage

@Suite("Events for the businesses' endpoints")
struct OutgoingEventTests {
    private static let engines = TestEngine.allCases
    private static let stranger = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0002)

    @Test("nothing is written for a business without an endpoint, whatever happens to its messages", arguments: engines)
    func withoutEndpoint(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addBusiness(Self.stranger)
            try await fixture.addEndpoint(business: Self.stranger)
            try await fixture.endInEveryWay()
            #expect(try await fixture.count("crm_outgoing_events") == 0)
        }
    }

    @Test("every end that a message reaches is told once, with what it is about", arguments: engines)
    func ends(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addEndpoint()
            let ended = try await fixture.endInEveryWay()
            let events = try await fixture.outgoing()
            #expect(events.count == ended.count)
            for (id, type) in ended {
                let event = try #require(events.first { $0.communication == id }, "\(type)")
                #expect(event.type == type)
                #expect(event.clientID?.text == "ada" && event.messageType == "welcome" && event.channel == .email)
                #expect(event.occurredAt == fixture.now)
                let text = String(decoding: event.data, as: UTF8.self)
                switch type {
                case "communication.sent": #expect(event.provider == "smtp" && text == "{}")
                case "communication.failed", "communication.bounced":
                    // One that was given up at its claim was with no provider.
                    #expect(event.provider == (id == ended.last?.0 ? nil : "smtp"))
                    #expect(text == #"{"reason":"421 later","error_category":"transient"}"#)
                default: #expect(text == #"{"reason":"night"}"#)
                }
            }
        }
    }

    @Test("a combined message is told for each of its members", arguments: engines)
    func members(engine: TestEngine) async throws {
        for result in [AttemptOutcome.Result.sent(providerMessageID: "m", response: nil), .failed(failure, needsReview: true)] {
            try await Fixture.with(engine) { fixture in
                try await fixture.addEndpoint()
                let ids = try await fixture.acceptDue(2)
                _ = try await fixture.claim()
                _ = try await fixture.database.finish([fixture.outcome(ids[0], members: [ids[1]], result)])
                #expect(Set(try await fixture.outgoing().compactMap(\.communication)) == Set(ids))
            }
        }
    }

    @Test("retries, fallbacks and outcomes that come too late are no events", arguments: engines)
    func notEnds(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addEndpoint()
            let ids = try await fixture.acceptDue(4)
            _ = try await fixture.claim()
            _ = try await fixture.database.finish([
                fixture.outcome(ids[0], .retry(at: fixture.now, failure)),
                fixture.outcome(ids[1], .fallback(to: .sms, remaining: [], failure)),
                fixture.outcome(ids[2], token: 8, .sent(providerMessageID: nil, response: nil)),
                fixture.outcome(ids[3], token: 8, .failed(failure, needsReview: false)),
            ])
            #expect(try await fixture.outgoing().isEmpty)
        }
    }

    @Test("an attempt whose failure a provider's word has overtaken tells nothing", arguments: engines)
    func overtaken(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addEndpoint()
            let id = try await fixture.acceptDue()[0]
            _ = try await fixture.claim()
            _ = try await fixture.database.write { tx in
                try tx.execute("UPDATE crm_communications SET status = 'delivered' WHERE communication_id = \(id)")
            }
            _ = try await fixture.database.finish([fixture.outcome(id, .failed(failure, needsReview: false))])
            #expect(try await fixture.outgoing().isEmpty)
        }
    }

    @Test("only wanted types are written; a disabled endpoint still counts, so that what it misses can be replayed", arguments: engines)
    func interest(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            let endpoint = try await fixture.addEndpoint(types: [.failed, .suppressed])
            _ = try await fixture.database.write { tx in
                try tx.disableWebhookEndpoint(endpoint, reason: "test", business: Fixture.business)
            }
            try await fixture.endInEveryWay()
            #expect(
                Set(try await fixture.outgoing().map(\.type)) == ["communication.failed", "communication.suppressed"])
            _ = try await fixture.database.write { tx in try tx.distributeEvents(limit: 100) }
            #expect(try await fixture.count("crm_event_deliveries") == 0)
            #expect(try await fixture.database.read { tx in try !tx.hasNewEvents() })
        }
    }

    @Test("an event of a transaction that fails is not told", arguments: engines)
    func rollback(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addEndpoint()
            try? await fixture.database.write { tx in
                try tx.emit(.init(type: .clientReplied, clientID: nil, communication: nil, at: tx.now), business: Fixture.business)
                throw Refusal()
            }
            #expect(try await fixture.outgoing().isEmpty)
        }
    }

    @Test("an event of a communication carries its plan and last provider, and never another business's", arguments: engines)
    func emission(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addBusiness(Self.stranger)
            try await fixture.addEndpoint()
            try await fixture.addEndpoint(business: Self.stranger)
            let id = try await fixture.acceptDue()[0]
            _ = try await fixture.claim()
            _ = try await fixture.database.finish([fixture.outcome(id, .sent(providerMessageID: "m", response: nil))])
            let time = fixture.now.adding(seconds: -5)
            try await fixture.database.write { tx in
                let event = OutgoingEvent(
                    type: .delivered, clientID: nil, communication: id, at: time, data: Array(#"{"provider_status":"read"}"#.utf8))
                try tx.emit(event, business: Self.stranger)
                try tx.emit(event, business: Fixture.business)
            }
            let event = try #require(try await fixture.outgoing().last)
            #expect(try await fixture.count("crm_outgoing_events") == 2)
            #expect(event.type == "communication.delivered" && event.communication == id && event.clientID?.text == "ada")
            #expect(event.provider == "smtp" && event.occurredAt == time && event.messageType == "welcome")
            #expect(String(decoding: event.data, as: UTF8.self) == #"{"provider_status":"read"}"#)
        }
    }

    @Test("those who listen are woken by every kind of transaction that leaves events", arguments: engines)
    func wakeUps(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addEndpoint()
            let id = try await fixture.acceptDue()[0]
            _ = try await fixture.claim()
            var rings = fixture.database.eventWakeUps().makeAsyncIterator()
            _ = try await fixture.database.finish([fixture.outcome(id, .sent(providerMessageID: nil, response: nil))])
            #expect(await rings.next() != nil)
            try await fixture.database.write { tx in
                try tx.emit(.init(type: .clientReplied, clientID: nil, communication: nil, at: tx.now), business: Fixture.business)
            }
            #expect(await rings.next() != nil)
        }
    }

    @Test("two distributions at once take an event to its endpoint once", arguments: engines)
    func distribution(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addEndpoint()
            try await fixture.addEndpoint()
            for _ in 0..<20 {
                try await fixture.database.write { tx in
                    try tx.emit(.init(type: .clientReplied, clientID: nil, communication: nil, at: tx.now), business: Fixture.business)
                }
            }
            let taken = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await fixture.database.write { tx in try tx.distributeEvents(limit: 5) } } }
                return try await group.reduce(0, +)
            }
            #expect(taken <= 20)
            while try await fixture.database.write({ tx in try tx.distributeEvents(limit: 5) }) > 0 {}
            #expect(try await fixture.count("crm_event_deliveries") == 40)
            #expect(try await fixture.count("crm_event_lanes") == 40)
        }
    }

    @Test("an endpoint's business is asked for everywhere", arguments: engines)
    func walls(engine: TestEngine) async throws {
        try await Fixture.with(engine) { fixture in
            try await fixture.addBusiness(Self.stranger)
            let theirs = try await fixture.addEndpoint(business: Self.stranger)
            let wishes = WebhookEndpoint.Wishes(url: "https://evil.example", description: "", eventTypes: [])
            try await fixture.database.write { (tx: Transaction) throws -> Void in
                let ours = Fixture.business
                #expect(try tx.webhookEndpoint(theirs, business: ours) == nil)
                #expect(try tx.webhookEndpoints(business: ours).isEmpty)
                #expect(try !tx.changeWebhookEndpoint(theirs, wishes, business: ours))
                #expect(try !tx.deleteWebhookEndpoint(theirs, business: ours))
                #expect(try !tx.rotateWebhookSecret(theirs, to: SealedValue(bytes: []), previousUntil: tx.now, business: ours))
                #expect(try !tx.disableWebhookEndpoint(theirs, reason: "", business: ours))
                #expect(try !tx.enableWebhookEndpoint(theirs, business: ours))
                #expect(try tx.webhookEndpoint(theirs, business: Self.stranger)?.wishes.url == "https://hooks.example/in")
            }
        }
    }
}

extension Fixture {
    @discardableResult
    func addEndpoint(types: [OutgoingEventType] = [], business: BusinessID = Fixture.business) async throws -> UUIDv7 {
        let endpoint = WebhookEndpoint(
            id: UUIDv7(at: now), business: business,
            wishes: .init(url: "https://hooks.example/in", description: "", eventTypes: types), secret: SealedValue(bytes: [1]), at: now)
        try await database.write { tx in try tx.insertWebhookEndpoint(endpoint) }
        return endpoint.id
    }

    func outgoing() async throws -> [StoredEvent] {
        try await database.read { tx in
            try tx.run("SELECT \(StoredEvent.columns) FROM crm_outgoing_events v ORDER BY v.position").map {
                try StoredEvent($0, tx.content)
            }
        }
    }

    /// Sent, failed, bounced, and suppressed at acceptance, at the claim and at the end of an attempt.
    @discardableResult
    func endInEveryWay() async throws -> [(CommunicationID, String)] {
        let suppressedAtOnce = acceptance { plan, _, _ in
            plan.status = .suppressed
            plan.queue = .none
            plan.errorMessage = "night"
        }
        _ = try await database.accept(suppressedAtOnce)
        let ids = try await acceptDue(6)
        _ = try await claim { due, _ in
            due.id == ids[0] ? .suppress(because: rule) : due.id == ids[5] ? .fail(failure) : .begin
        }
        _ = try await database.finish([
            outcome(ids[1], .sent(providerMessageID: "m", response: "250 ok")), outcome(ids[2], .failed(failure, needsReview: true)),
            outcome(ids[3], .bounced(failure)), outcome(ids[4], .suppressed(because: rule)),
        ])
        return [
            (suppressedAtOnce.id, "communication.suppressed"), (ids[0], "communication.suppressed"), (ids[1], "communication.sent"),
            (ids[2], "communication.failed"), (ids[3], "communication.bounced"), (ids[4], "communication.suppressed"),
            (ids[5], "communication.failed"),
        ]
    }
}
