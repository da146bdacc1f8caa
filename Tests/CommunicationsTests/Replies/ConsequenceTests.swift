import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("What a refusal means beyond its message", .timeLimit(.minutes(5)))
struct ConsequenceTests {
    private static func failure(_ consequence: FailureConsequence) -> TransportFailure {
        TransportFailure(category: .permanent, message: "refused", consequence: consequence)
    }

    private static func newsletter(_ world: World) async throws -> MessageType {
        let type = MessageType(name: "newsletter", category: .marketing, defaultUrgency: .high, channels: [.whatsapp, .sms])
        try await world.putMessageType(type)
        for channel in [Channel.whatsapp, .sms] { try await world.putTemplate(channel, "newsletter", content: "News!") }
        return type
    }

    @Test("who opted out at the provider is opted out here, in every business, before anything follows", arguments: World.engines)
    func optedOut(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let other = try await world.putOtherBusiness()
            try await world.putClient("eve", business: other)
            world.sms.script(.refuse(Self.failure(.optedOut)))
            let id = try await world.submit(world.request(urgency: .critical, channel: .sms))
            try await world.first.quiet()
            #expect(try await world.optOuts() == .sms)
            #expect(try await world.optOuts("eve", business: other) == .sms)
            #expect(try await world.suppressions() == ["sms all provider_opt_out"])
            #expect(try await world.detail(id).story.contains("opted_out"))
            // The next message does not try that channel again.
            let next = try await world.submit(world.request(urgency: .critical, channel: .sms))
            #expect(try await world.detail(next).record.channel != .sms)
            #expect(world.sms.begun.count == 1)
            // Their own START takes it back.
            try await world.take(world.text("START"))
            #expect(try await world.optOuts() == [])
            #expect(try await world.suppressions() == [])
        }
    }

    @Test("what callers read of preferences is never older than what a provider or the person said", arguments: World.engines)
    func copies(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let ada = try #require(ClientID("ada"))
            func read() async throws -> String {
                String(decoding: try await world.first.preferences.answer(ada, business: World.business), as: UTF8.self)
            }
            #expect(try await read() == #"{"client_id":"ada","opt_out_sms":false}"#)
            #expect(try await read() == #"{"client_id":"ada","opt_out_sms":false}"#)
            world.sms.script(.refuse(Self.failure(.optedOut)))
            try await world.submit(world.request(urgency: .critical, channel: .sms))
            try await world.first.quiet()
            #expect(try await read() == #"{"client_id":"ada","opt_out_sms":true}"#)
            try await world.take(world.text("START"))
            #expect(try await read() == #"{"client_id":"ada","opt_out_sms":false}"#)
            try await world.take(world.text("STOP"))
            #expect(try await read() == #"{"client_id":"ada","opt_out_sms":true}"#)
        }
    }

    @Test("a dead number is suppressed on its channel; START does not revive it", arguments: World.engines)
    func addressDead(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.sms.script(.refuse(Self.failure(.addressDead)))
            try await world.submit(world.request(urgency: .critical, channel: .sms))
            try await world.first.quiet()
            #expect(try await world.optOuts() == [])
            #expect(try await world.suppressions() == ["sms all address_dead"])
            try await world.take(world.text("START"))
            #expect(try await world.suppressions() == ["sms all address_dead"])
        }
    }

    @Test("who wants no marketing on a channel gets none there, and everything else", arguments: World.engines)
    func marketingOptedOut(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            _ = try await Self.newsletter(world)
            world.whatsapp.script(.refuse(Self.failure(.marketingOptedOut)))
            try await world.submit(world.request("newsletter", urgency: nil))
            try await world.first.quiet()
            #expect(try await world.suppressions() == ["whatsapp marketing marketing_opt_out"])
            #expect(try await world.optOuts() == [])
            let next = try await world.submit(world.request("newsletter", urgency: nil))
            #expect(try await world.detail(next).record.channel == .sms)
            let useful = try await world.submit(world.request(urgency: .critical, channel: .whatsapp))
            #expect(try await world.detail(useful).record.channel == .whatsapp)
        }
    }

    @Test("marketing that waits is stopped at the gate when it is not wanted any more", arguments: World.engines)
    func marketingAtTheGate(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            _ = try await Self.newsletter(world)
            var request = try world.request("newsletter", urgency: .high)
            request.sendAt = world.now.adding(seconds: 60)
            let first = try await world.submit(request)
            let consequences = Consequences(cipher: world.cipher)
            try await world.store.database.write { tx in
                for channel in [Channel.sms, .whatsapp] {
                    try consequences.setMarketing(allowed: false, number: "14155550100", channel: channel, tx)
                }
            }
            world.advance(seconds: 60)
            try await world.turn()
            #expect(try await world.status(first) == .suppressed)
            #expect(world.sms.begun.isEmpty && world.whatsapp.begun.isEmpty)
            // Resumed in their app.
            _ = try await world.store.database.write { tx in
                try consequences.setMarketing(allowed: true, number: World.number, channel: .whatsapp, tx)
            }
            let second = try await world.submit(world.request("newsletter", urgency: .high))
            try await world.first.quiet()
            #expect(try await world.status(second) == .sent)
            #expect(world.whatsapp.accepted == [second])
        }
    }

    @Test("a window that was closed after all is closed here too, unless the person has written since", arguments: World.engines)
    func windowClosed(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let consequences = Consequences(cipher: world.cipher)
            let hash = world.cipher.lookupHash(World.number, business: world.business)
            let business = world.business
            func isOpen() async throws -> Bool {
                try await world.store.database.read { tx in try tx.whatsAppInbound([hash], business: business)[hash] != nil }
            }
            let id = try await world.sent()
            func refuse() async throws {
                _ = try await world.store.database.write { tx in
                    try tx.lockAllConsent()
                    return try consequences.apply(.windowClosed, to: id, channel: .whatsapp, provider: "whatsapp", tx)
                }
            }
            world.advance(seconds: 60)
            try await world.take(world.chat("hello"))
            try await refuse()
            #expect(try await isOpen())
            _ = try await world.store.database.write { tx in
                try tx.execute("UPDATE crm_whatsapp_windows SET last_inbound_at = \(Timestamp(milliseconds: 1_000_000))")
            }
            try await refuse()
            #expect(try await !isOpen())
        }
    }

    @Test("a refusal that comes by a receipt means the same, unless the client's record has changed since", arguments: World.engines)
    func byReceipt(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let consequences = Consequences(cipher: world.cipher)
            let old = try await world.sent()
            world.advance(seconds: 60)
            try await world.putClient("ada", phone: "+4915112345678")
            func apply(_ consequence: FailureConsequence, _ id: CommunicationID) async throws -> [ConsentChange] {
                try await world.store.database.write { tx in
                    try tx.lockAllConsent()
                    return try consequences.apply(consequence, to: id, channel: .sms, provider: "twilio", tx)
                }
            }
            #expect(try await apply(.addressDead, old) == [])
            #expect(try await world.suppressions("+4915112345678") == [])
            let id = try await world.sent(phone: "+4915112345678")
            #expect(try await apply(.addressDead, id).map(\.client.text) == ["ada"])
            #expect(try await world.suppressions("+4915112345678") == ["sms all address_dead"])
            #expect(try await apply(.optedOut, id).map(\.channels) == [.sms])
            #expect(try await world.optOuts() == .sms)
            // Of nobody's message nothing follows.
            #expect(try await apply(.optedOut, UUIDv7(at: world.now)) == [])
        }
    }
}
