import Core
import TestSupport
import Testing

@testable import Storage

@Suite("Reading communications")
struct CommunicationQueryTests {
    private typealias World = QueryWorld

    private func list(
        _ world: QueryWorld, _ filter: CommunicationFilter = CommunicationFilter(), business: BusinessID = QueryWorld.ours, limit: Int = 50
    ) async throws -> [CommunicationID] {
        try await world.database.read { tx in try tx.communications(filter, business: business, limit: limit) }.map(\.id)
    }

    @Test("a communication is read as it was accepted, context and all, and only by its own business", arguments: TestEngine.allCases)
    func record(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let id = try await world.accept("ada", plan: "plan-7", type: "reminder")
            let record = try #require(try await world.database.read { tx in try tx.communication(id, business: World.ours) })
            #expect(record.clientID.text == "ada" && record.planID == "plan-7" && record.messageType == "reminder")
            #expect(record.status == .queued && record.channel == .email && record.fallbacks == [.sms])
            #expect(record.context == Array(#"{"n": 1}"#.utf8))
            #expect(record.createdAt == world.clock.now && record.sentAt == nil && record.retryCount == 0 && !record.needsReview)
            #expect(try await world.database.read { tx in try tx.communication(id, business: World.theirs) } == nil)
            #expect(try await world.database.read { tx in try tx.communicationDetail(id, business: World.theirs)?.record } == nil)
        }
    }

    @Test("the detail shows acceptance, attempts and the open lease in order", arguments: TestEngine.allCases)
    func detail(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            func detail(_ id: CommunicationID) async throws -> CommunicationDetail {
                try #require(try await world.database.read { tx in try tx.communicationDetail(id, business: World.ours) })
            }
            let id = try await world.accept()
            let acceptedAt = world.clock.now
            #expect(try await detail(id).events.map(\.type) == ["accepted"])
            #expect(try await detail(id).events.first?.at == acceptedAt)
            #expect(try await detail(id).attempts.isEmpty)

            world.clock.advance(seconds: 1)
            try await world.claim()
            let running = try await detail(id).attempts
            #expect(running.map(\.outcome) == [.running])
            #expect(running.first?.number == 1 && running.first?.startedAt == world.clock.now)

            try await world.finish(
                id, .retry(at: world.clock.now.adding(seconds: 60), AttemptFailure(category: "transient", message: "451 later")))
            world.clock.advance(seconds: 60)
            try await world.claim(token: 8)
            try await world.finish(id, attempt: 2, token: 8, .sent(providerMessageID: "<m@x>", response: "250 ok"))
            let end = try await detail(id)
            #expect(end.record.status == .sent && end.record.retryCount == 1)
            #expect(end.events.map(\.type) == ["accepted", "attempt_failed", "sent"])
            #expect(end.events.last?.providerMessageID == "<m@x>" && end.events.last?.provider == "smtp")
            #expect(end.attempts.map(\.outcome) == [.failed(category: "transient"), .sent])
            #expect(end.attempts.map(\.number) == [1, 2])
            #expect(end.attempts.first?.detail == "451 later")
        }
    }

    @Test("every filter narrows the list, and together they all hold", arguments: TestEngine.allCases)
    func filters(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let first = try await world.accept("ada", plan: "p1", type: "welcome")
            world.clock.advance(seconds: 10)
            let second = try await world.accept("ada", plan: "p2", type: "reminder", channel: .sms)
            world.clock.advance(seconds: 10)
            let third = try await world.accept("bob", plan: "p1", type: "welcome")
            let moment = world.clock.now
            world.clock.advance(seconds: 10)
            let foreign = try await world.accept("ada", business: World.theirs, plan: "p1")
            try await world.claim()

            #expect(try await list(world) == [third, second, first])
            #expect(try await list(world, business: World.theirs) == [foreign])
            #expect(try await list(world, CommunicationFilter(clientID: World.id("ada"))) == [second, first])
            #expect(try await list(world, CommunicationFilter(planID: "p1")) == [third, first])
            #expect(try await list(world, CommunicationFilter(status: .sending)) == [third, first])
            #expect(try await list(world, CommunicationFilter(status: .queued)) == [second])
            #expect(try await list(world, CommunicationFilter(channel: .sms)) == [second])
            #expect(try await list(world, CommunicationFilter(messageType: "welcome")) == [third, first])
            #expect(try await list(world, CommunicationFilter(from: moment)) == [third])
            #expect(try await list(world, CommunicationFilter(to: moment)) == [second, first])
            #expect(try await list(world, CommunicationFilter(from: moment.adding(seconds: -10), to: moment)) == [second])
            #expect(try await list(world, CommunicationFilter(clientID: World.id("ada"), planID: "p1", status: .sending)) == [first])
            #expect(try await list(world, CommunicationFilter(clientID: World.id("bob"), planID: "p2")).isEmpty)
            #expect(try await list(world, CommunicationFilter(from: Timestamp(milliseconds: .min), to: Timestamp(milliseconds: 0))).isEmpty)
        }
    }

    @Test("pages meet without gap or repetition while new communications arrive", arguments: TestEngine.allCases)
    func pages(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            var all: [CommunicationID] = []
            for index in 0..<7 {
                world.clock.advance(milliseconds: Int64(index % 2))
                all.append(try await world.accept())
            }
            all.sort(by: >)
            var seen: [CommunicationID] = []
            while seen.count < all.count {
                let page = try await list(world, CommunicationFilter(after: seen.last), limit: 3)
                try #require(!page.isEmpty)
                seen += page
                world.clock.advance(milliseconds: 5)
                try await world.accept()
            }
            #expect(seen == all)
        }
    }

    @Test("lists follow an index: of the client, of the plan, else the primary key")
    func usesIndexes() async throws {
        try await World.with(.sqlite) { world async throws in
            func plan(_ filter: CommunicationFilter) async throws -> String {
                let text = try await world.database.read { tx in
                    try tx.run("EXPLAIN QUERY PLAN \(tx.communicationList(filter, business: World.ours, limit: 50))").map { try $0.text(3) }
                }
                return text.joined(separator: "\n")
            }
            #expect(try await plan(CommunicationFilter(clientID: World.id("ada"))).contains("idx_crm_communications_client"))
            #expect(try await plan(CommunicationFilter(planID: "p")).contains("idx_crm_communications_plan"))
            for filter in [
                CommunicationFilter(), CommunicationFilter(clientID: World.id("ada")), CommunicationFilter(planID: "p"),
                CommunicationFilter(status: .failed), CommunicationFilter(from: world.clock.now),
            ] {
                #expect(try await !plan(filter).contains("TEMP B-TREE"), "nothing is sorted")
            }
        }
    }

    @Test("the timeline tells what happened with a client, newest first, page by page", arguments: TestEngine.allCases)
    func timeline(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let first = try await world.accept("ada", plan: "p")
            world.clock.advance(seconds: 1)
            try await world.claim()
            try await world.finish(first, .sent(providerMessageID: nil, response: nil))
            world.clock.advance(seconds: 1)
            let second = try await world.accept("ada", type: "reminder")
            try await world.accept("bob")
            try await world.accept("ada", business: World.theirs)

            func page(_ after: TimelineEntry.Position?, _ limit: Int) async throws -> [TimelineEntry] {
                try await world.database.read { tx in
                    try tx.timeline(of: World.id("ada"), business: World.ours, after: after, limit: limit)
                }
            }
            let whole = try await page(nil, 10)
            #expect(whole.map(\.event.type) == ["accepted", "sent", "accepted"])
            #expect(whole.map(\.event.communication) == [second, first, first])
            #expect(whole.map(\.messageType) == ["reminder", "welcome", "welcome"])
            #expect(whole.last?.planID == "p" && whole.last?.status == .sent)

            var turned: [TimelineEntry] = []
            for _ in 0..<3 { turned += try await page(turned.last?.position, 1) }
            #expect(turned == whole)
            #expect(try await page(turned.last?.position, 1).isEmpty)
        }
    }

    @Test("the queue is counted by state, channel and priority", arguments: TestEngine.allCases)
    func queueDepth(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let begun = try await world.accept()
            #expect(try await world.claim() == [begun])
            let retried = try await world.accept()
            #expect(try await world.claim(token: 8) == [retried])
            try await world.finish(
                retried, token: 8, .retry(at: world.clock.now.adding(seconds: 60), AttemptFailure(category: "transient", message: "x")))
            let dueSince = world.clock.now
            try await world.accept()
            try await world.accept(channel: .sms)
            world.clock.advance(seconds: 5)
            let depths = try await world.database.read { tx in try tx.queueDepths() }
            #expect(
                depths == [
                    QueueDepth(channel: .email, priority: 2, due: 1, leased: 1, waiting: 1, oldestDue: dueSince, oldestLease: dueSince),
                    QueueDepth(channel: .sms, priority: 2, due: 1, leased: 0, waiting: 0, oldestDue: dueSince, oldestLease: nil),
                ])
        }
    }

    @Test("attachments come back in order, byte for byte", arguments: TestEngine.allCases)
    func attachments(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let files = (0..<3).map { AttachmentUpload(filename: "f\($0)", contentType: "image/png", content: [0, UInt8($0), 255]) }
            let id = try await world.accept(attachments: files)
            #expect(try await world.database.read { tx in try tx.attachments(of: id) } == files)
        }
    }
}
