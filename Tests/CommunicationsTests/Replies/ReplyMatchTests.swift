import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Whose a reply is and what it answers", .timeLimit(.minutes(5)))
struct ReplyMatchTests {
    @Test("a reply finds its client by number and the newest message on the channel", arguments: World.engines)
    func finds(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.sent(plan: "plan-1")
            let newest = try await world.sent(plan: "plan-2")
            try await world.sent(plan: "plan-3", channel: .whatsapp)
            try await world.take(world.text("Thanks!", from: "+1 (415) 555-0100", id: "SM1"))
            let reply = try #require(try await world.replies().first)
            #expect(reply.clientID?.text == "ada")
            #expect(reply.communication == newest)
            #expect(reply.planID == "plan-2")
            #expect(reply.action == nil && !reply.needsAttention && reply.providerMessageID == "SM1")
            let content = try members(world.cipher.openBytes(reply.content, .replyContent(world.business, reply.id)))
            #expect(content["text"] as? String == "Thanks!")
            #expect(try world.cipher.open(#require(reply.sender), .replySender(world.business, reply.id)) == World.number)
        }
    }

    @Test("a plan that waits for an answer comes before a newer message of none", arguments: World.engines)
    func prefersTheWaitingPlan(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let question = try await world.sent("vendor_options", plan: "plan-1")
            try await world.sent(plan: "plan-2")
            try await world.take(world.text("Option 2"))
            let reply = try #require(try await world.replies().first)
            #expect(reply.communication == question)
            #expect(reply.planID == "plan-1")
            #expect(reply.action == .select && reply.value == "2")
            // Answered: from now on nothing waits, and the newest message is meant.
            try await world.take(world.text("2"))
            #expect(try await world.replies().last?.planID == "plan-2")
            let business = world.business
            let open = try await world.store.database.read { tx in try tx.pendingQuestion(planID: "plan-1", business: business) == nil }
            #expect(open)
        }
    }

    @Test("the message that is quoted decides, however old", arguments: World.engines)
    func quoted(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let old = try await world.sent(plan: "plan-old")
            try await world.store.database.write { tx in try DeliveryLog.append("delivered", old, providerMessageID: "SMold", tx) }
            world.advance(seconds: 40 * 86_400)
            try await world.sent(plan: "plan-new")
            try await world.take(world.text("yes", repliesTo: "SMold"))
            let reply = try #require(try await world.replies().first)
            #expect(reply.communication == old && reply.planID == "plan-old" && reply.action == .confirm)
            // What nobody knows is not quoted.
            try await world.take(world.text("yes", repliesTo: "SMnever"))
            #expect(try await world.replies().last?.planID == "plan-new")
        }
    }

    @Test("what was asked on one channel may be answered on another", arguments: World.engines)
    func otherChannel(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let question = try await world.sent("vendor_options", plan: "plan-1", channel: .email)
            try await world.take(world.text("3"))
            let reply = try #require(try await world.replies().first)
            #expect(reply.communication == question && reply.planID == "plan-1" && reply.value == "3")
        }
    }

    @Test("after thirty days a message is not taken to be answered any more, but its client still is known", arguments: World.engines)
    func forgets(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.sent(plan: "plan-1")
            world.advance(seconds: 31 * 86_400)
            try await world.take(world.text("yes"))
            let reply = try #require(try await world.replies().first)
            #expect(reply.clientID?.text == "ada" && reply.communication == nil && reply.planID == nil)
        }
    }

    @Test("of several clients with one number it is the one who was written to last, in whichever business", arguments: World.engines)
    func sharedNumber(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let other = try await world.putOtherBusiness()
            try await world.putClient("eve", business: other)
            try await world.sent(to: "ada")
            let newest = try await world.sent(to: "bob")
            try await world.take(world.text("hello"))
            let reply = try #require(try await world.replies().first)
            #expect(reply.clientID?.text == "bob" && reply.communication == newest)
            #expect(try await world.replies(of: other).isEmpty)
        }
    }

    @Test("an ambiguous number and an unknown one are kept for a person to look at", arguments: World.engines)
    func unmatched(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada")
            try await world.putClient("bob")
            try await world.take(world.text("hello"))
            try await world.take(world.text("hello", from: "+4915112345678"))
            try await world.take(world.text("hello", from: "AMAZON"))
            let replies = try await world.replies(ReplyFilter(needsAttention: true, unmatched: true))
            #expect(replies.map(\.attentionReason) == ["ambiguous_number", "unknown_number", "unknown_number"])
            #expect(replies.allSatisfy { $0.clientID == nil })
            let sender = try world.cipher.open(#require(replies[2].sender), .replySender(world.business, replies[2].id))
            #expect(sender == "AMAZON" && replies[2].phoneHash == nil)
        }
    }

    @Test("strangers' replies belong to the oldest business, those of one business's clients to it", arguments: World.engines)
    func homeOfUnmatched(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.advance(seconds: 1)
            let other = try await world.putOtherBusiness()
            try await world.putClient("ada", phone: "+4915100000001", business: other)
            try await world.putClient("bob", phone: "+4915100000001", business: other)
            try await world.take(world.text("hello", from: "+4915100000001"))
            try await world.take(world.text("hello", from: "+4915100000002"))
            #expect(try await world.replies(of: other).map(\.attentionReason) == ["ambiguous_number"])
            #expect(try await world.replies().map(\.attentionReason) == ["unknown_number"])
        }
    }

    @Test("a number with a digit more or less is the same telephone", arguments: World.engines)
    func spellings(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("bia", phone: "+5511987654321")
            try await world.take(world.chat("oi", from: "551187654321"))
            #expect(try await world.replies().first?.clientID?.text == "bia")
        }
    }

    @Test("a message that is told twice is kept once and answered alike", arguments: World.engines)
    func repeated(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada")
            let message = world.text("hilfe", id: "SM7")
            let answers = try await world.intake().take([message, message])
            #expect(answers.first?.text?.contains("help@bloom.example") == true)
            #expect(answers[0] == answers[1])
            #expect(try await world.take(message) == answers[0].text)
            // Another provider's ids are its own.
            try await world.take(world.text("hilfe", id: "SM7", channel: .whatsapp, provider: "whatsapp"))
            #expect(try await world.replies().count == 2)
        }
    }

    @Test("a message that two instances are told at the same moment is kept once", arguments: World.engines)
    func concurrently(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada")
            let messages = (0..<20).map { world.text("hello \($0)", id: "SM\($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for message in messages + messages + messages { group.addTask { _ = try await world.take(message) } }
                try await group.waitForAll()
            }
            #expect(try await world.replies().count == 20)
        }
    }

    @Test(
        "refusals in plain words wait for a person; an answer that a plan waits for but nobody understands does too",
        arguments: World.engines)
    func attention(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.sent("vendor_options", plan: "plan-1")
            try await world.take(world.text("Please stop texting me"))
            try await world.take(world.text("hmm, what about the other ones?"))
            try await world.take(world.text("Sorry, wrong number."))
            try await world.take(world.text("2"))
            try await world.take(world.text("Thanks, see you"))
            #expect(
                try await world.replies().map(\.attentionReason) == ["refusal", "not_understood", "wrong_number", nil, nil])
            #expect(try await world.optOuts() == [])
        }
    }

    @Test("a business's patterns decide what its clients mean", arguments: World.engines)
    func patterns(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let other = try await world.putOtherBusiness()
            let business = world.business
            try await world.store.database.write { tx in
                let mine = ReplyPattern("yes", messageType: "vendor_options", action: .select, value: "recommended")
                let theirs = ReplyPattern("yes", action: .decline)
                try tx.putReplyPatterns([mine].compactMap { $0 }, business: business)
                try tx.putReplyPatterns([theirs].compactMap { $0 }, business: other)
            }
            try await world.sent("vendor_options", plan: "plan-1")
            try await world.take(world.text("Yes!"))
            #expect(try await world.replies().first?.action == .select)
            #expect(try await world.replies().first?.value == "recommended")
        }
    }

    @Test("what nobody should send is kept, cut or refused, and never more", arguments: World.engines)
    func hostile(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("ada")
            let texts = [
                "", "\u{0}", "a\u{0}b", "\u{202E}evil\u{2066}", String(repeating: "🛑", count: 100_000), "\u{FFFF}\u{10FFFF}",
                "'; DROP TABLE crm_replies; --", String(repeating: "\u{301}", count: 9_000),
            ]
            for text in texts { try await world.take(world.text(text)) }
            var odd = world.text("hi", from: String(repeating: "9", count: 70_000), id: String(repeating: "x", count: 50_000))
            odd.kind = "no such kind\u{0}"
            odd.provider = "Twilio\u{0}"
            odd.payload = String(repeating: "p", count: 10_000)
            odd.profileName = "\u{0}"
            odd.repliesTo = "\u{0}"
            odd.at = Timestamp(milliseconds: .max)
            odd.media = (0..<1_000).map { InboundMessage.Media(reference: "m\($0)\u{0}", contentType: nil) }
            try await world.take(odd)
            try await world.take(odd)
            var nameless = world.text("no id")
            nameless.providerMessageID = ""
            try await world.take(nameless)
            try await world.take(nameless)
            let replies = try await world.replies()
            #expect(replies.count == texts.count + 3)
            let cut = try #require(replies.first { $0.contentCut })
            let content = try members(world.cipher.openBytes(cut.content, .replyContent(world.business, cut.id)))
            #expect((content["text"] as? String)?.unicodeScalars.count == PreparedReply.longestText)
            #expect(replies.contains { $0.kind == "other" && $0.provider == "other" && $0.sentAt == nil })
        }
    }

    @Test("erasing a client erases what they wrote, also before anybody knew them", arguments: World.engines)
    func erased(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.take(world.text("who are you?"))
            try await world.putClient("ada")
            try await world.putClient("bob", phone: "+4915112345678")
            try await world.take(world.text("hello"))
            try await world.take(world.text("hello", from: "+4915112345678"))
            let (business, ada) = (world.business, try #require(ClientID("ada")))
            #expect(try await world.store.database.erase(ada, business: business))
            #expect(try await world.replies().map(\.clientID?.text) == ["bob"])
        }
    }

    @Test("a message on WhatsApp opens the window for whoever has the number", arguments: World.engines)
    func window(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putClient("bia", phone: "+5511987654321")
            try await world.take(world.chat("oi", from: "551187654321"))
            try await world.take(world.text("oi", from: "+14155550100"))
            let (business, cipher) = (world.business, world.cipher)
            let seen = try await world.store.database.read { tx in
                try ["+5511987654321", "+14155550100"].map { number in
                    let hash = cipher.lookupHash(number, business: business)
                    return try tx.whatsAppInbound([hash], business: business)[hash] != nil
                }
            }
            #expect(seen == [true, false])
        }
    }
}
