import Core
import Logging
import SMTP
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("What bounces and complaints do", .timeLimit(.minutes(5)))
struct BounceIntakeTests {
    private static let hard = MailSample.postfix(
        status: "5.1.1", diagnostic: "550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown")
    private static let soft = MailSample.postfix(status: "4.2.2", diagnostic: "452 4.2.2 <ada@example.org> over quota")
    private static let delay = MailSample.postfix(action: "delayed", status: "4.4.1", diagnostic: "connection timed out")

    /// Mail that comes back to one installation.
    private struct Mailroom {
        let world: World
        let returns: ReturnAddresses
        let intake: InboundMailIntake
        let receipts: EventIntake

        init(_ world: World, _ policy: BouncePolicy = .standard) {
            self.world = world
            returns = ReturnAddresses(cipher: world.cipher, domain: "bounce.example.org")
            receipts = EventIntake(
                database: world.store.database, cipher: world.cipher, orchestrator: world.first.orchestrator, bounces: policy)
            let unsubscribe = MailUnsubscribe(
                database: world.store.database, cipher: world.cipher, orchestrator: world.first.orchestrator)
            intake = InboundMailIntake(
                addresses: returns, receipts: receipts, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                unsubscribe: unsubscribe.apply)
        }

        /// A mail that left, as every test needs it first.
        func sent() async throws -> CommunicationID { try await world.sent("letter", channel: .email) }

        @discardableResult
        func comesBack(_ text: String, to id: CommunicationID, went address: String = "ada@example.org", from sender: String = "") async
            -> MailDisposition
        {
            await arrives(text, at: returns.bounce(id, to: address), from: sender)
        }

        @discardableResult
        func arrives(_ text: String, at recipient: String, from sender: String = "") async -> MailDisposition {
            await intake.take(
                ReceivedMail(sender: sender, recipients: [recipient], bytes: Array(text.replacing("\n", with: "\r\n").utf8)))
        }

        func entries() async throws -> [SuppressionEntry] {
            let business = world.business
            return try await world.store.database.read { tx in try tx.suppressions(SuppressionFilter(), business: business, limit: 10) }
        }

        /// Ada's record changes.
        func move(to email: String) async throws {
            let (business, now, id) = (world.business, world.now, try #require(ClientID("ada")))
            let sealed = try AddressBook(cipher: world.cipher).seal(
                RecipientUpdate(name: "ada", email: email), business: business, client: id)
            let record = SealedClient(
                id: id, name: "ada", email: sealed.email, emailHash: sealed.emailHash, phoneNumber: nil, phoneHash: nil, language: nil,
                timezone: nil, tags: [], attributes: Array("{}".utf8), createdAt: now, updatedAt: now)
            _ = try await world.store.database.write { tx in try tx.putClient(record, business: business) }
        }

        /// `reason scope` of Ada's address.
        func listed() async throws -> [String] {
            let hash = AddressBook(cipher: world.cipher).lookupHash(of: "ada@example.org", on: .email, business: world.business)
            return try await entries().filter { $0.id.hash == hash }.map { "\($0.reason) \($0.blocksAll ? "all" : "marketing")" }
        }
    }

    private func withMailroom(
        _ engine: TestEngine, _ policy: BouncePolicy = .standard, _ body: (Mailroom) async throws -> Void
    ) async throws {
        try await withWorld(engine) { world in
            try await world.putMessageType(
                MessageType(name: "letter", category: .transactional, defaultUrgency: .high, channels: [.email], fallbackAfter: nil))
            try await world.putTemplate(.email, "letter", subject: "letter", content: "<p>letter</p>")
            try await body(Mailroom(world, policy))
        }
    }

    @Test("a hard bounce ends the message and gives the address up, with what shows it and without the address", arguments: World.engines)
    func hardBounce(engine: TestEngine) async throws {
        try await withMailroom(engine) { room in
            let id = try await room.sent()
            #expect(await room.comesBack(Self.hard, to: id) == .taken)
            #expect(try await room.world.status(id) == .bounced)
            #expect(try await room.listed() == ["hard_bounce all"])
            let entry = try #require(try await room.entries().first)
            #expect(entry.source == "dsn")
            let evidence = String(decoding: entry.evidence ?? [], as: UTF8.self)
            #expect(evidence.contains("5.1.1") && evidence.contains(id.description) && !evidence.contains("@"))
            let detail = try await room.world.detail(id)
            #expect(detail.story.last == "bounced" && detail.record.errorMessage?.contains("@") == false)
            // It is told again, and nothing changes.
            #expect(await room.comesBack(Self.hard, to: id) == .taken)
            #expect(try await room.entries().count == 1)
            let next = try await room.world.submit(room.world.request("letter", channel: .email, recipient: nil))
            try await room.world.first.quiet()
            #expect(try await room.world.status(next) == .suppressed)
        }
    }

    @Test("a message that can still go another way does", arguments: World.engines)
    func fallback(engine: TestEngine) async throws {
        try await withMailroom(engine) { room in
            try await room.world.putMessageType(
                MessageType(name: "ping", category: .transactional, defaultUrgency: .high, channels: [.email, .sms], fallbackAfter: nil))
            try await room.world.putTemplate(.sms, "ping", content: "ping")
            try await room.world.putTemplate(.email, "ping", subject: "ping", content: "<p>ping</p>")
            let id = try await room.world.submit(room.world.request("ping"))
            try await room.world.first.quiet()
            await room.comesBack(Self.hard, to: id)
            #expect(try await room.world.status(id) == .queued)
            try await room.world.turn()
            #expect(room.world.sms.accepted == [id])
            // What comes late of the first way does not end the second.
            await room.comesBack(Self.hard, to: id)
            #expect(try await room.world.status(id) == .sent)
        }
    }

    @Test("soft bounces give the address up after so many messages, each counted once", arguments: World.engines)
    func softBounces(engine: TestEngine) async throws {
        let policy = BouncePolicy(complaintScope: .all, softBounceLimit: 3, softBounceDays: 30)
        try await withMailroom(engine, policy) { room in
            var ids: [CommunicationID] = []
            for _ in 0..<3 {
                ids.append(try await room.sent())
                room.world.advance(seconds: 60)
            }
            for _ in 0..<4 { await room.comesBack(Self.soft, to: ids[0]) }
            await room.comesBack(Self.soft, to: ids[1])
            #expect(try await room.listed() == [])
            #expect(try await room.world.status(ids[1]) == .bounced)
            await room.comesBack(Self.soft, to: ids[2])
            #expect(try await room.listed() == ["soft_bounces all"])
        }
    }

    @Test("a delivery between them, or time, starts the count of soft bounces anew", arguments: World.engines)
    func softBouncesForgotten(engine: TestEngine) async throws {
        let policy = BouncePolicy(complaintScope: .all, softBounceLimit: 2, softBounceDays: 30)
        try await withMailroom(engine, policy) { room in
            await room.comesBack(Self.soft, to: try await room.sent())
            room.world.advance(seconds: 60)
            let arrived = try await room.sent()
            room.world.advance(seconds: 60)
            await room.comesBack(MailSample.postfix(action: "delivered", status: "2.0.0", diagnostic: "250 ok"), to: arrived)
            #expect(try await room.world.status(arrived) == .delivered)
            room.world.advance(seconds: 60)
            await room.comesBack(Self.soft, to: try await room.sent())
            #expect(try await room.listed() == [])
            room.world.advance(seconds: 31 * 86_400)
            await room.comesBack(Self.soft, to: try await room.sent())
            #expect(try await room.listed() == [])
            room.world.advance(seconds: 86_400)
            await room.comesBack(Self.soft, to: try await room.sent())
            #expect(try await room.listed() == ["soft_bounces all"])
        }
    }

    @Test("a complaint opts out of e-mail, or of marketing where the operator says so", arguments: World.engines)
    func complaint(engine: TestEngine) async throws {
        let arf = try #require(MailSample.others.first { $0.meaning == "complaint abuse" })
        try await withMailroom(engine) { room in
            let id = try await room.sent()
            await room.comesBack(arf.raw, to: id)
            #expect(try await room.listed() == ["complaint all"])
            #expect(try await room.world.optOuts() == .email)
            #expect(try await room.world.status(id) == .sent)
        }
        try await withMailroom(engine, BouncePolicy(complaintScope: .marketing, softBounceLimit: 5, softBounceDays: 30)) { room in
            await room.comesBack(arf.raw, to: try await room.sent())
            #expect(try await room.listed() == ["complaint marketing"])
            #expect(try await room.world.optOuts() == [])
        }
    }

    @Test("a complaint at the complaints' address finds its message by our own marks in it", arguments: World.engines)
    func feedbackLoop(engine: TestEngine) async throws {
        let arf = try #require(MailSample.others.first { $0.meaning == "complaint abuse" })
        try await withMailroom(engine) { room in
            let id = try await room.sent()
            let marked = arf.raw.replacing("bounce+token@bounce.example.org", with: room.returns.bounce(id, to: "ada@example.org"))
            #expect(await room.arrives(arf.raw, at: room.returns.complaints, from: "fbl@example.net") == .taken)
            #expect(try await room.listed() == [])
            await room.arrives(marked, at: room.returns.complaints, from: "fbl@example.net")
            #expect(try await room.listed() == ["complaint all"])
        }
        try await withMailroom(engine) { room in
            let id = try await room.sent()
            let named = arf.raw.replacing("0192f1aa-0000-7000-8000-000000000001", with: id.description)
            await room.arrives(named, at: room.returns.complaints, from: "fbl@example.net")
            #expect(try await room.listed() == ["complaint all"])
        }
    }

    @Test("delays, automatic replies, letters and reports of no spam change nothing", arguments: World.engines)
    func nothing(engine: TestEngine) async throws {
        try await withMailroom(engine) { room in
            let id = try await room.sent()
            for sample in MailSample.others where ["automatic", "letter", "complaint not-spam"].contains(sample.meaning) {
                #expect(await room.comesBack(sample.raw, to: id, from: sample.sender) == .taken)
            }
            await room.comesBack(Self.delay, to: id)
            #expect(try await room.entries() == [])
            #expect(try await room.world.optOuts() == [])
            #expect(try await room.world.status(id) == .sent)
            #expect(try await room.world.detail(id).story.contains("provider_status"))
        }
    }

    @Test("whoever has another address by now does not suffer for the old one", arguments: World.engines)
    func moved(engine: TestEngine) async throws {
        try await withMailroom(engine) { room in
            let id = try await room.sent()
            room.world.advance(seconds: 60)
            try await room.move(to: "new@example.org")
            await room.comesBack(Self.hard, to: id)
            #expect(try await room.world.status(id) == .bounced)
            #expect(try await room.entries() == [])
        }
        // Touched for another reason, the address is the same.
        try await withMailroom(engine) { room in
            let id = try await room.sent()
            room.world.advance(seconds: 60)
            try await room.move(to: "Ada@Example.org")
            await room.comesBack(Self.hard, to: id)
            #expect(try await room.listed() == ["hard_bounce all"])
        }
    }

    @Test("mail to the unsubscribe address ends marketing, and a machine's answer there does not", arguments: World.engines)
    func unsubscribe(engine: TestEngine) async throws {
        try await withMailroom(engine) { room in
            let id = try await room.sent()
            let address = room.returns.unsubscribe(id, to: "ada@example.org")
            for text in [Self.hard, "From: a@b\nAuto-Submitted: auto-replied\n\nI am out."] { await room.arrives(text, at: address) }
            #expect(try await room.entries() == [])
            #expect(
                await room.arrives("From: Ada <ada@example.org>\nSubject: unsubscribe\n\n", at: address, from: "ada@example.org") == .taken)
            #expect(try await room.listed() == ["marketing_opt_out marketing"])
            #expect(try await room.world.optOuts() == [])
        }
    }

    @Test("a bounce that is faster than our own record of sending ends the message all the same", arguments: World.engines)
    func early(engine: TestEngine) async throws {
        try await withMailroom(engine) { room in
            room.world.email.script(.begin)
            let id = try await room.world.submit(room.world.request("letter", channel: .email))
            while room.world.email.kept == 0 { await Task.yield() }
            await room.comesBack(Self.hard, to: id)
            room.world.email.conclude()
            try await room.world.first.quiet()
            let sweep = ReceiptSweep(
                intake: room.receipts, clock: room.world.clock.wallClock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            _ = try await sweep.runOnce()
            #expect(try await room.world.status(id) == .bounced)
            #expect(try await room.listed() == ["hard_bounce all"])
        }
    }

    @Test("only addresses with our code are accepted")
    func accepts() async throws {
        try await withMailroom(.sqlite) { room in
            let address = room.returns.bounce(try await room.sent(), to: "ada@example.org")
            #expect(room.intake.accepts(address) && room.intake.accepts(address.uppercased()))
            for wrong in ["postmaster@bounce.example.org", "x\(address)", String(address.dropLast(4)), ""] {
                #expect(!room.intake.accepts(wrong))
            }
        }
    }

    @Test("erasing a person leaves the bare hash on the list, and it still stops mail", arguments: World.engines)
    func erased(engine: TestEngine) async throws {
        try await withMailroom(engine) { room in
            await room.comesBack(Self.hard, to: try await room.sent())
            let (business, ada) = (room.world.business, try #require(ClientID("ada")))
            #expect(try await room.world.store.database.erase(ada, business: business))
            let entry = try #require(try await room.entries().first)
            #expect(entry.evidence == nil && entry.note == nil && entry.reason == "hard_bounce")
            let id = try await room.world.submit(room.world.request("letter", channel: .email))
            try await room.world.first.quiet()
            #expect(try await room.world.status(id) == .suppressed)
        }
    }
}
