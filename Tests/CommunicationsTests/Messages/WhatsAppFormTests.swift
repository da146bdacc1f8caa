import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("The form of a WhatsApp message", .timeLimit(.minutes(5)))
struct WhatsAppFormTests {
    static let mapping = #"{"template":"order_update","language":"en","body":["{{client_name}}","{{plan_id}}"]}"#

    private func request(_ world: World, type: String = "reminder", plan: String? = "7", context: String = "{}") throws
        -> CommunicationRequest
    {
        var request = try world.request(type, channel: .whatsapp, context: context)
        request.planID = plan
        return request
    }

    @Test("inside the window it is free text", arguments: World.engines)
    func text(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.putMapping(Self.mapping)
            try await world.heard(secondsAgo: 3_600)
            let id = try await world.submit(request(world))
            try await world.first.quiet()
            let message = try #require(world.whatsapp.begun.first?.rendered)
            #expect(message.whatsApp == .text(message.text))
            #expect(message.text == "🔔 Reminder: please review your vendor options for plan #7.")
            #expect(try await world.status(id) == .sent)
        }
    }

    @Test("outside it is the mapped template with its parameters cleaned up", arguments: World.engines)
    func template(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.putMapping(
                """
                {"template":"order_update","language":"en","header":{"type":"text","text":"{{business_name}}"},
                 "body":["{{client_name}}","{{note}}"],
                 "buttons":[{"type":"url","index":1,"suffix":"p/{{plan_id}}"},{"type":"quick_reply","index":0,"payload":"select:{{plan_id}}"}]}
                """)
            try await world.heard(secondsAgo: 86_400)
            try await world.submit(request(world, context: #"{"note":"two\n\nlines\tand     spaces"}"#))
            try await world.first.quiet()
            let message = try #require(world.whatsapp.begun.first?.rendered)
            #expect(
                message.whatsApp
                    == .template(
                        WhatsAppContent.Template(
                            name: "order_update", language: "en", header: .text(WhatsAppContent.Parameter(text: "Bloom & Co")),
                            body: [WhatsAppContent.Parameter(text: "Ada"), WhatsAppContent.Parameter(text: "two lines and spaces")],
                            buttons: [.url(index: 1, suffix: "p/7"), .quickReply(index: 0, payload: "select:7")])))
            // What nobody has told us of reads as its parameters.
            #expect(message.text == "order_update (en): Ada | two lines and spaces")
        }
    }

    @Test("whoever never wrote gets the template in their own language, read as the account has it", arguments: World.engines)
    func language(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.putAccountTemplates(.orderUpdate(), .orderUpdate(language: "de", body: "Hallo {{1}}, Plan {{2}}."))
            try await world.putMapping(Self.mapping)
            try await world.putMapping(#"{"template":"order_update","language":"de","body":["{{client_name}}","{{plan_id}}"]}"#)
            var german = try request(world)
            german.recipient?.language = "de-AT"
            try await world.submit(german)
            var french = try world.request(
                client: "bo", channel: .whatsapp, recipient: RecipientUpdate(name: "Bo", phoneNumber: "+33612345678", language: "fr"))
            french.planID = "8"
            try await world.submit(french)
            try await world.first.quiet()
            #expect(world.whatsapp.begun.map(\.rendered.text) == ["Hallo Ada, Plan 7.", "Hi Bo, about plan 8."])
        }
    }

    @Test("with no template mapped the next channel begins at once", arguments: World.engines)
    func fallback(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            let id = try await world.submit(request(world))
            try await world.first.quiet()
            #expect(world.whatsapp.begun.isEmpty)
            try await world.turn()
            let detail = try await world.detail(id)
            #expect(detail.record.status == .sent && detail.record.channel != .whatsapp)
            #expect(detail.story.contains("fallback"))
            let first = try #require(detail.attempts.first)
            #expect(first.channel == .whatsapp && first.detail?.contains("outside the 24-hour window") == true)
        }
    }

    @Test("where no other channel is left it fails for a person to see", arguments: World.engines)
    func failure(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.putMessageType(
                MessageType(name: "chat", category: .transactional, defaultUrgency: .high, channels: [.whatsapp]))
            try await world.putTemplate(.whatsapp, "chat", content: "Hello")
            let id = try await world.submit(request(world, type: "chat"))
            try await world.first.quiet()
            try await world.turn()
            let detail = try await world.detail(id)
            #expect(detail.record.status == .failed && detail.record.needsReview && detail.record.errorCategory == "permanent")
            #expect(detail.record.errorMessage?.contains("no approved template is mapped for 'chat'") == true)
        }
    }

    @Test(
        "a template that is not approved, or has changed its placeholders, is as good as none", arguments: World.engines,
        [WhatsAppTemplate.orderUpdate("PAUSED"), .orderUpdate("REJECTED"), .orderUpdate(body: "Hi {{1}}")])
    func unusable(engine: TestEngine, template: WhatsAppTemplate) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.putMapping(Self.mapping)
            try await world.putAccountTemplates(template)
            let id = try await world.submit(request(world))
            try await world.first.quiet()
            #expect(world.whatsapp.begun.isEmpty)
            #expect(try await world.detail(id).attempts.first?.detail?.contains("'order_update'") == true)
            // Approved again, by webhook: the other instances' knowledge is seconds old at most.
            try await world.store.database.write { tx in
                try tx.noteTemplateStatus(name: "order_update", language: "en", status: "approved")
            }
            world.advance(seconds: 6)
            try await world.submit(request(world))
            try await world.first.quiet()
            #expect(world.whatsapp.begun.count == (template.isApproved ? 0 : 1))
        }
    }

    @Test("the window that counts is that of the moment of sending, and each person's own", arguments: World.engines)
    func moment(engine: TestEngine) async throws {
        try await withWorld(engine, capacity: 2, whatsApp: .account) { world in
            try await world.putMapping(Self.mapping)
            try await world.heard(secondsAgo: 86_400 - 600)
            try await world.heard(from: "+14155550101")
            world.whatsapp.always(.hold)
            try await world.submit(request(world))
            try await world.submit(request(world))
            // These wait for a place; then both are claimed together.
            try await world.submit(request(world, plan: "late"))
            try await world.submit(
                world.request(client: "bo", channel: .whatsapp, recipient: RecipientUpdate(name: "Bo", phoneNumber: "+14155550101")))
            world.advance(seconds: 400)
            world.whatsapp.always(.accept)
            world.whatsapp.proceed()
            try await world.first.quiet()
            try await world.turn(.whatsapp)
            let forms = world.whatsapp.begun.map { message -> String in
                if case .template(let template) = message.rendered.whatsApp { "template \(template.body.last?.text ?? "")" } else { "text" }
            }
            #expect(forms == ["text", "text", "template late", "text"])
        }
    }

    @Test(
        "free text that WhatsApp refuses as too late goes as the template at once, else by the next channel", arguments: World.engines,
        [true, false])
    func closedAfterAll(engine: TestEngine, mapped: Bool) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            if mapped { try await world.putMapping(Self.mapping) }
            try await world.heard()
            let refusal = TransportFailure(
                category: .permanent, message: "131047: the 24-hour window is closed", consequence: .windowClosed)
            world.whatsapp.script(.refuse(refusal))
            let id = try await world.submit(request(world))
            try await world.first.quiet()
            #expect(try await world.queued(id) == QueueRow(channel: .whatsapp, due: world.now, attempt: 1, isLeased: false))
            let (hash, now) = (world.cipher.lookupHash("+14155550100", business: world.business), world.now)
            try await world.store.database.write { tx in
                try tx.closeWhatsAppWindow(phoneHash: hash, business: World.business, sentAt: now)
            }
            try await world.turn(.whatsapp)
            try await world.turn()
            let detail = try await world.detail(id)
            #expect(detail.record.status == .sent && (detail.record.channel == .whatsapp) == mapped)
            #expect(world.whatsapp.begun.count == (mapped ? 2 : 1))
            if mapped { #expect(world.whatsapp.begun.last?.rendered.text == "order_update (en): Ada | 7") }
        }
    }

    @Test("a refusal that never ends does not go on for ever", arguments: World.engines)
    func stubborn(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.heard()
            world.whatsapp.always(.refuse(TransportFailure(category: .permanent, message: "closed", consequence: .windowClosed)))
            let id = try await world.submit(request(world))
            try await world.first.quiet()
            for _ in 0..<8 { try await world.turn() }
            #expect(try await world.detail(id).record.channel != .whatsapp)
            #expect(world.whatsapp.begun.count <= 4)
        }
    }

    @Test("a parameter of which nothing is left ends the attempt with the parameter's name", arguments: World.engines)
    func emptyParameter(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.putMapping(Self.mapping)
            let id = try await world.submit(request(world, plan: nil))
            try await world.first.quiet()
            try await world.turn()
            let attempt = try #require(try await world.detail(id).attempts.first)
            #expect(attempt.detail?.contains("body[1]") == true && attempt.detail?.contains("empty") == true)
            #expect(try await world.status(id) == .sent)
        }
    }

    @Test("a batch needs a mapping of its own", arguments: World.engines, [true, false])
    func batch(engine: TestEngine, mapped: Bool) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.putMapping(Self.mapping)
            if mapped {
                try await world.putMapping(
                    #"{"template":"updates","language":"en","body":["{{client_name}}","{{message_count}}"]}"#, for: "batch")
            }
            try await world.submit(request(world))
            try await world.first.quiet()
            for plan in ["1", "2", "3"] {
                world.clock.advance(milliseconds: 5)
                var low = try request(world, plan: plan)
                low.urgency = .low
                try await world.submit(low)
            }
            try await world.turn()
            try await world.turn()
            let templates = world.whatsapp.begun.compactMap { message -> WhatsAppContent.Template? in
                if case .template(let template) = message.rendered.whatsApp { template } else { nil }
            }
            #expect(templates.map(\.name) == (mapped ? ["order_update", "updates"] : ["order_update"]))
            if mapped {
                #expect(templates.last?.body.map(\.text) == ["Ada", "3"])
            } else {
                #expect(world.email.begun.count + world.sms.begun.count == 1)
            }
        }
    }

    @Test("the sandbox takes free text outside the window, and says what an account would not have", arguments: World.engines)
    func sandbox(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .sandbox) { world in
            try await world.submit(request(world))
            try await world.putMapping(Self.mapping)
            try await world.submit(request(world))
            try await world.heard()
            try await world.submit(request(world))
            try await world.first.quiet()
            let messages = world.whatsapp.begun.map(\.rendered)
            #expect(messages.count == 3)
            #expect(messages[0].note?.contains("outside the 24-hour window") == true)
            #expect(messages[0].whatsApp == .text(messages[0].text))
            #expect(messages[1].note == nil && messages[1].text == "order_update (en): Ada | 7")
            #expect(messages[2].note == nil && messages[2].whatsApp == .text(messages[2].text))
        }
    }

    @Test("a dry run shows the form, the parameters and what stands against it", arguments: World.engines)
    func dryRun(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            let closed = try await world.preview(request(world))
            #expect(closed["whatsapp"]?["window"]?.string == "closed" && closed["whatsapp"]?["form"]?.string == "text")
            #expect(closed["problem"]?.string?.contains("no approved template is mapped for 'reminder'") == true)
            try await world.putMapping(Self.mapping)
            let mapped = try #require(try await world.preview(request(world))["whatsapp"])
            #expect(
                mapped["form"]?.string == "template" && mapped["template"]?.string == "order_update" && mapped["problem"]?.isNull == true)
            #expect(mapped["parameters"]?.elements.map { $0.string } == ["Ada", "7"])
            let empty = try await world.preview(request(world, plan: nil))
            #expect(empty["problem"]?.string?.contains("body[1]") == true)
            try await world.submit(request(world))
            try await world.heard()
            let open = try await world.preview(request(world))
            #expect(open["whatsapp"]?["window"]?.string == "open" && open["whatsapp"]?["form"]?.string == "text")
            #expect(open["problem"]?.isNull == true)
        }
    }
}
