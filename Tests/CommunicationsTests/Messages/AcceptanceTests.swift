import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Acceptance and dry runs", .timeLimit(.minutes(5)))
struct AcceptanceTests {
    private func answer(_ submission: Submission) throws -> [UInt8] {
        switch submission {
        case .accepted(_, let body), .replayed(_, let body): body
        }
    }

    private func refusedField(_ error: any Error) -> String? {
        (error as? ValidationError)?.errors.first?.field
    }

    @Test("one idempotency key, one message: the second request gets the first answer, byte for byte", arguments: World.engines)
    func idempotent(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let orchestrator = world.first.orchestrator
            let first = try await orchestrator.submit(world.request(), business: world.business, idempotency: world.claim("k"))
            world.advance(seconds: 7 * 86_400 - 1)
            let second = try await orchestrator.submit(world.request(), business: world.business, idempotency: world.claim("k"))
            guard case .replayed(202, _) = second else { throw Unexpected(what: "\(second)") }
            #expect(try answer(second) == answer(first))
            let other = IdempotencyClaim(route: "communications", key: "k", fingerprint: [9])
            await #expect(throws: Refusal.idempotencyKeyReused) {
                try await orchestrator.submit(world.request(), business: world.business, idempotency: other)
            }
            try await world.first.quiet()
            #expect(world.email.begun.count == 1)
            #expect(world.first.engine.inFlight[.email] == 0)
            #expect(world.first.engine.register.count == 0)
        }
    }

    @Test("ten requests with one key at the same time make one message", arguments: World.engines)
    func concurrent(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let request = try world.request()
            let answers = try await withThrowingTaskGroup(of: (Bool, [UInt8])?.self, returning: [(Bool, [UInt8])].self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        do {
                            let submission = try await world.first.orchestrator.submit(
                                request, business: world.business, idempotency: world.claim("k"))
                            if case .accepted = submission { return (true, try answer(submission)) }
                            return (false, try answer(submission))
                        } catch Refusal.idempotencyKeyInUse {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: []) { all, one in if let one { all.append(one) } }
            }
            #expect(answers.count { $0.0 } == 1)
            #expect(Set(answers.map(\.1)).count == 1)
            try await world.first.quiet()
            #expect(world.email.begun.count == 1)
        }
    }

    @Test("a dry run gives the answer that the request gets afterwards, with the message, and stores nothing", arguments: World.engines)
    func dryRun(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let request = try world.request(context: #"{"pending_action":"choose a florist"}"#)
            let dry = try members(try await world.first.orchestrator.preview(request, business: world.business))
            let stored = try await world.store.database.read { tx in
                try tx.run("SELECT (SELECT COUNT(*) FROM crm_communications) + (SELECT COUNT(*) FROM crm_clients)").first?.int(0)
            }
            #expect(stored == 0)
            #expect(world.email.begun.isEmpty)
            let real = try members(
                answer(try await world.first.orchestrator.submit(request, business: world.business, idempotency: nil)))
            for field in ["status", "channel_used", "scheduled_for"] {
                #expect(dry[field] as? String == real[field] as? String, "\(field)")
            }
            let dryMetadata = try #require(dry["metadata"] as? [String: Any])
            let realMetadata = try #require(real["metadata"] as? [String: Any])
            for field in ["priority", "fallback_channels", "decision"] {
                #expect(dryMetadata[field] as? NSObject == realMetadata[field] as? NSObject, "\(field)")
            }
            let preview = try #require(dryMetadata["preview"] as? [String: Any])
            try await world.first.quiet()
            let sent = try #require(world.email.begun.first?.rendered)
            #expect(preview["subject"] as? String == sent.subject)
            // Links name the message that they stand in: only their tokens differ.
            #expect(Self.withoutTokens(preview["text"] as? String) == Self.withoutTokens(sent.text))
            #expect(Self.withoutTokens(preview["html"] as? String) == Self.withoutTokens(sent.html))
        }
    }

    private static func withoutTokens(_ text: String?) -> String? {
        guard let text else { return nil }
        let pieces = text.components(separatedBy: "/p/")
        return pieces.enumerated().map { index, piece in
            index == 0 ? piece : String(piece.drop { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
        }.joined(separator: "/p/")
    }

    @Test("a dry run decides about batches as the request does afterwards, also after a message was cancelled", arguments: World.engines)
    func dryRunOfLow(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            var later = try world.request()
            later.sendAt = world.now.adding(seconds: 3600)
            let cancelled = try await world.submit(later)
            try await world.first.orchestrator.cancel(cancelled, business: world.business)
            for _ in 0..<3 {
                let request = try world.request(urgency: .low)
                let dry = try members(try await world.first.orchestrator.preview(request, business: world.business))
                let real = try members(
                    answer(try await world.first.orchestrator.submit(request, business: world.business, idempotency: nil)))
                #expect(dry["status"] as? String == real["status"] as? String)
                #expect(dry["scheduled_for"] as? String == real["scheduled_for"] as? String)
                let decisions = [dry, real].map { ($0["metadata"] as? [String: Any])?["decision"] as? NSObject }
                #expect(decisions[0] == decisions[1])
                world.clock.advance(milliseconds: 5)
            }
        }
    }

    @Test("a dry run names the variables that nobody gave and counts an SMS's segments", arguments: World.engines)
    func missing(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putTemplate(
                .sms, "reminder", content: "{{greeting}} {{client_name}}, it is \(String(repeating: "x", count: 200))")
            let dry = try members(
                try await world.first.orchestrator.preview(world.request(channel: .sms), business: world.business))
            let preview = try #require((dry["metadata"] as? [String: Any])?["preview"] as? [String: Any])
            #expect(preview["missing_variables"] as? [String] == ["greeting"])
            #expect(preview["segments"] as? Int == 2)
            #expect(dry["channel_used"] as? String == "sms")
        }
    }

    @Test("a dry run for a client who opted out says so and shows no message", arguments: World.engines)
    func dryRunSuppressed(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.change(PreferencesUpdate(optOutEmail: true, optOutSMS: true, optOutWhatsApp: true))
            let dry = try members(try await world.first.orchestrator.preview(world.request(), business: world.business))
            #expect(dry["status"] as? String == "suppressed")
            #expect((dry["metadata"] as? [String: Any])?["preview"] == nil)
        }
    }

    @Test("marketing by e-mail is refused while the business has no postal address, and only then", arguments: World.engines)
    func postalAddress(engine: TestEngine) async throws {
        var business = World.standardBusiness()
        business.postalAddress = ""
        try await withWorld(engine, business: business) { world in
            try await world.putMessageType(
                MessageType(name: "reminder", category: .marketing, defaultUrgency: .high, channels: [.email]))
            for attempt in ["preview", "submit"] {
                do {
                    if attempt == "preview" {
                        _ = try await world.first.orchestrator.preview(world.request(), business: world.business)
                    } else {
                        try await world.submit(world.request())
                    }
                    Issue.record("\(attempt) was not refused")
                } catch {
                    #expect(refusedField(error) == "message_type")
                }
            }
            try await world.putBusiness { $0.postalAddress = "1 Rose Lane, Kew" }
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            #expect(world.email.accepted == [id])
        }
    }

    @Test("an unknown message type, an unknown client and a client without any address are named as fields", arguments: World.engines)
    func refusals(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let nobody = RecipientUpdate(name: "Nobody")
            let cases = [
                (try world.request("no_such_type"), "message_type"), (try world.request(recipient: nil), "client_id"),
                (try world.request(recipient: nobody), "recipient"),
            ]
            for (request, field) in cases {
                for isDry in [true, false] {
                    do {
                        if isDry {
                            _ = try await world.first.orchestrator.preview(request, business: world.business)
                        } else {
                            try await world.submit(request)
                        }
                        Issue.record("\(field) was not refused")
                    } catch {
                        #expect(refusedField(error) == field)
                    }
                }
            }
            let stored = try await world.store.database.read { tx in try tx.run("SELECT COUNT(*) FROM crm_clients").first?.int(0) }
            #expect(stored == 0)
            #expect(world.first.engine.inFlight.values.allSatisfy { $0 == 0 })
        }
    }

    @Test("another business's communication can be neither cancelled nor tried again", arguments: World.engines)
    func otherBusiness(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            var request = try world.request()
            request.sendAt = world.now.adding(seconds: 60)
            let id = try await world.submit(request)
            let stranger = UUIDv7(high: 1, low: 2)
            await #expect(throws: Refusal.notFound) { try await world.first.orchestrator.cancel(id, business: stranger) }
            await #expect(throws: Refusal.notFound) { try await world.first.orchestrator.retry(id, business: stranger) }
            #expect(try await world.status(id) == .pending)
        }
    }
}
