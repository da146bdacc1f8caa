import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Keywords take effect", .timeLimit(.minutes(5)))
struct KeywordTests {
    @Test(
        "STOP opts every client of the number out of the channel, in every business that has it, before it returns",
        arguments: World.engines)
    func stop(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let other = try await world.putOtherBusiness()
            let third = try await world.putOtherBusiness("Third Ltd")
            try await world.putClient("eve", business: other)
            try await world.putClient("bob")
            let answered = try await world.sent(to: "ada")
            try await world.take(world.text("STOP"))
            #expect(try await world.optOuts("ada") == .sms)
            #expect(try await world.optOuts("bob") == .sms)
            #expect(try await world.optOuts("eve", business: other) == .sms)
            #expect(try await world.suppressions() == ["sms all stop_word"])
            #expect(try await world.suppressions(business: other) == ["sms all stop_word"])
            // A business without the number is not concerned.
            #expect(try await world.suppressions(business: third) == [])
            #expect(try await world.detail(answered).story.last == "opted_out")
            // One reply, with the business that wrote last; the others learn no word of it.
            #expect(try await world.replies().map(\.keyword) == [.stop])
            #expect(try await world.replies(of: other).isEmpty)
            let id = try await world.submit(world.request(channel: .sms))
            #expect(try await world.detail(id).record.channel == .email)
        }
    }

    @Test("an opt-out on one channel leaves the others open", arguments: World.engines)
    func oneChannel(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada")
            _ = try await world.intake().take([world.chat("STOP")])
            #expect(try await world.optOuts() == .whatsapp)
            #expect(try await world.suppressions() == ["whatsapp all stop_word"])
        }
    }

    @Test("a stop word of a number that nobody knows holds for whoever gets that number later", arguments: World.engines)
    func stranger(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let other = try await world.putOtherBusiness()
            let answer = try await world.take(world.text("Stopp!"))
            #expect(answer == KeywordAnswer.stopped(business: nil, language: "en"))
            #expect(try await world.take(world.text("Stopp!")) == nil)
            #expect(try await world.suppressions(business: other) == ["sms all stop_word"])
            try await world.putClient("ada")
            let request = CommunicationRequest(
                clientID: try #require(ClientID("ada")), messageType: "reminder", urgency: .critical, preferredChannel: .sms,
                channels: [.sms], context: [])
            let id = try await world.submit(request)
            #expect(try await world.detail(id).record.channel != .sms)
            #expect(world.sms.begun.isEmpty)
        }
    }

    @Test("Twilio confirms its own keywords; ours are confirmed once, in the person's language", arguments: World.engines)
    func confirmations(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada", language: "de")
            #expect(try await world.take(world.text("STOP")) == nil)
            // Out already: a second no is not confirmed again.
            #expect(try await world.take(world.text("Arrêt")) == nil)
            #expect(try await world.take(world.text("START")) == nil)
            #expect(try await world.optOuts() == [])
            #expect(try await world.take(world.text("Arrêt")) == KeywordAnswer.stopped(business: "Bloom & Co", language: "de"))
            #expect(try await world.take(world.text("Arrêt")) == nil)
            #expect(try await world.replies().count == 5)
        }
    }

    @Test("where Twilio's handling is switched off, every keyword is answered by us", arguments: World.engines)
    func ourOwnAnswers(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada")
            let intake = world.intake(.rapport)
            let answers = try await intake.take([world.text("STOP"), world.text("STOP"), world.text("START"), world.text("START")])
            #expect(
                answers.map(\.text) == [
                    KeywordAnswer.stopped(business: "Bloom & Co", language: "en"), nil,
                    KeywordAnswer.started(business: "Bloom & Co", language: "en"), nil,
                ])
            // What Advanced Opt-Out has answered is not answered twice, whatever the setting; its own words count.
            let handled = try await intake.take([world.text("FINITO", handledKeyword: "STOP"), world.text("HELP", handledKeyword: "HELP")])
            #expect(handled.map(\.text) == [nil, nil])
            #expect(try await world.optOuts() == .sms)
        }
    }

    @Test("HELP is answered with name and contact", arguments: World.engines)
    func help(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada", language: "fr")
            #expect(
                try await world.take(world.text("HELP"))
                    == KeywordAnswer.help(business: "Bloom & Co", contact: "help@bloom.example", language: "fr"))
            #expect(try await world.take(world.text("info", from: "+4915112345678"))?.contains("Bloom & Co") == true)
            #expect(try await world.optOuts() == [])
        }
    }

    @Test("on WhatsApp the confirmation is begun before the answer, and once", arguments: World.engines)
    func whatsApp(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada")
            let sent = Confirmations()
            let intake = world.intake { message, text in sent.add("\(message.from) \(text)") }
            let message = world.chat("STOP", from: "14155550100", id: "wamid.1")
            #expect(try await intake.take([message]).map(\.text) == [nil])
            let expected = "+14155550100 " + KeywordAnswer.stopped(business: "Bloom & Co", language: "en")
            #expect(sent.texts == [expected])
            _ = try await intake.take([message, world.chat("STOP")])
            #expect(sent.texts == [expected])
        }
    }

    @Test("START takes back the person's own no, and nothing else", arguments: World.engines)
    func start(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada")
            let (business, hash) = (world.business, world.cipher.lookupHash(World.number, business: world.business))
            try await world.store.database.write { tx in
                try tx.suppress(hash, channel: .whatsapp, reason: "address_dead", business: business)
                try tx.suppressMarketing(hash, channel: .sms, reason: "marketing_opt_out", business: business)
            }
            try await world.take(world.text("STOP"))
            _ = try await world.intake().take([world.chat("STOP")])
            #expect(try await world.suppressions() == ["sms all stop_word", "whatsapp all address_dead"])
            #expect(try await world.optOuts() == [.sms, .whatsapp])
            try await world.take(world.text("unstop"))
            _ = try await world.intake().take([world.chat("START")])
            #expect(try await world.optOuts() == [])
            #expect(try await world.suppressions() == ["sms marketing stop_word", "whatsapp all address_dead"])
        }
    }

    @Test("a stop word is an opt-out even where a plan waits for an answer", arguments: World.engines)
    func winsOverConfirmation(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.sent("vendor_options", plan: "plan-1")
            try await world.take(world.text("Cancel"))
            let reply = try #require(try await world.replies().first)
            #expect(reply.keyword == .stop && reply.action == nil && !reply.needsAttention && reply.planID == "plan-1")
            #expect(try await world.optOuts() == .sms)
        }
    }

    @Test("what was claimed and held back before the stop word does not begin after it", arguments: World.engines)
    func withdraws(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.sms.script(.hold)
            let id = try await world.submit(world.request(urgency: .critical, channel: .sms))
            try await world.take(world.text("STOP"))
            world.sms.proceed()
            try await world.first.quiet()
            #expect(world.sms.begun.isEmpty)
            #expect(world.sms.withdrawn == [id])
        }
    }

    @Test("a reply by the API concerns its client alone, and its keywords the channel it names", arguments: World.engines)
    func direct(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let other = try await world.putOtherBusiness()
            try await world.putClient("eve", business: other)
            try await world.putClient("bob")
            let question = try await world.sent("vendor_options", to: "ada", plan: "plan-1")
            let ada = try #require(ClientID("ada"))
            let intake = world.intake()
            let chosen = try await intake.take(DirectReply(clientID: ada, channel: .email, text: "2"), business: world.business)
            #expect(chosen.reply.action == .select && chosen.reply.planID == "plan-1" && chosen.reply.communication == question)
            let (reply, answer) = try await intake.take(DirectReply(clientID: ada, channel: .sms, text: "stop"), business: world.business)
            #expect(reply.keyword == .stop)
            #expect(answer == KeywordAnswer.stopped(business: "Bloom & Co", language: "en"))
            #expect(try await world.optOuts("ada") == .sms)
            #expect(try await world.optOuts("bob") == [])
            #expect(try await world.optOuts("eve", business: other) == [])
            #expect(try await world.suppressions(business: other) == [])
            let eve = try #require(ClientID("eve"))
            await #expect(throws: Refusal.notFound) {
                _ = try await intake.take(DirectReply(clientID: eve, channel: .sms, text: "hi"), business: world.business)
            }
        }
    }
}
