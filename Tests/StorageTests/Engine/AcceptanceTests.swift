import Core
import Storage
import TestSupport
import Testing

@Suite struct AcceptanceTests {
    @Test("an accepted communication, its client and its queue row are stored", arguments: TestEngine.allCases)
    func stores(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let acceptance = f.acceptance(key: "k") { plan, client, _ in
                #expect(client?.name == "Ada")
                #expect(client?.reachable == [.email])
                plan.planID = "plan-7"
                plan.attachments = [AttachmentUpload(filename: "a.pdf", contentType: "application/pdf", content: [0, 1, 255])]
            }
            guard case .accepted(let plan) = try await f.database.accept(acceptance) else { throw Refusal() }
            #expect(plan.planID == "plan-7")
            let row = try await f.database.read { tx in
                try tx.run(
                    """
                    SELECT c.status, c.context, c.created_at, c.fallback_channels, q.due_at, q.priority, k.email, a.content
                    FROM crm_communications c JOIN crm_delivery_queue q ON q.communication_id = c.communication_id
                    JOIN crm_clients k ON k.client_id = c.client_id
                    JOIN crm_communication_attachments a ON a.communication_id = c.communication_id
                    WHERE c.communication_id = \(acceptance.id) AND c.business_id = \(Fixture.business) AND c.plan_id = 'plan-7'
                    """)
            }
            try #require(row.count == 1)
            #expect(try row[0].status(0) == .queued)
            #expect(try row[0].json(1) == Array(#"{"n":1}"#.utf8))
            #expect(try row[0].time(2) == f.now)
            #expect(try row[0].text(3) == "sms")
            #expect(try row[0].int64(4) == f.now.milliseconds)
            #expect(try row[0].int(5) == 2)
            #expect(try row[0].bytes(6) == [9, 1])
            #expect(try row[0].bytes(7) == [0, 1, 255])
        }
    }

    @Test("the same key and body is answered again, another body is refused", arguments: TestEngine.allCases)
    func replays(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            _ = try await f.database.accept(f.acceptance(key: "k"))
            guard case .replayed(let status, let answer) = try await f.database.accept(f.acceptance(key: "k")) else { throw Refusal() }
            #expect(status == 202)
            #expect(answer == Array("answer".utf8))
            #expect(try await f.database.accept(f.acceptance(key: "k", fingerprint: [2])).name == "keyReused")
            #expect(try await f.database.accept(f.acceptance(key: "other")).name == "accepted")
            #expect(try await f.count("crm_communications") == 2)
        }
    }

    @Test("a key binds for seven days and for one business", arguments: TestEngine.allCases)
    func keyLifetime(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let other = UUIDv7(at: f.now)
            try await f.addBusiness(other)
            #expect(try await f.database.accept(f.acceptance(key: "k")).name == "accepted")
            #expect(try await f.database.accept(f.acceptance(key: "k", business: other)).name == "accepted")
            f.test.clock.advance(seconds: 7 * 86_400 - 1)
            #expect(try await f.database.accept(f.acceptance(key: "k")).name == "replayed")
            f.test.clock.advance(seconds: 2)
            #expect(try await f.database.accept(f.acceptance(key: "k")).name == "accepted")
            #expect(try await f.database.accept(f.acceptance(key: "k")).name == "replayed")
        }
    }

    @Test("of many requests at once with one key one is accepted, over two instances too", arguments: TestEngine.allCases)
    func concurrentKeys(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let second = engine == .postgresql ? try await f.test.openAnother() : f.database
            let names = try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<40 {
                    let database = index % 2 == 0 ? f.database : second
                    group.addTask { try await database.accept(f.acceptance(key: "k\(index / 20)")).name }
                }
                return try await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(names == ["accepted": 2, "replayed": 38])
            #expect(try await f.count("crm_communications") == 2)
            if engine == .postgresql { await second.close() }
        }
    }

    @Test("what a plan throws reaches its caller alone and stores nothing", arguments: TestEngine.allCases)
    func refusedPlan(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let results = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        let acceptance = f.acceptance(client: "c\(index)", key: "k\(index)") { _, _, _ in if index == 7 { throw Refusal() }
                        }
                        do {
                            _ = try await f.database.accept(acceptance)
                            return true
                        } catch {
                            #expect(error is Refusal)
                            return false
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(results == 19)
            let clients = try await f.count("crm_clients")
            #expect(clients == 19)
            #expect(try await f.count("crm_idempotency_records") == 19)
        }
    }

    @Test("a request that the schema refuses fails alone, whatever shares its round", arguments: TestEngine.allCases)
    func guiltyAlone(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let stranger = UUIDv7(at: f.now)
            let outcomes = await withTaskGroup(of: (Int, (any Error)?).self) { group in
                for index in 0..<30 {
                    group.addTask {
                        do {
                            let business = index == 11 ? stranger : Fixture.business
                            _ = try await f.database.accept(f.acceptance(client: "c\(index)", business: business))
                            return (index, nil)
                        } catch {
                            return (index, error)
                        }
                    }
                }
                return await group.reduce(into: [Int: any Error]()) { if let error = $1.1 { $0[$1.0] = error } }
            }
            #expect(Array(outcomes.keys) == [11])
            guard case .constraint(let violation) = outcomes[11] as? DatabaseError else { throw Refusal() }
            #expect(violation.kind == .foreignKey)
            #expect(try await f.count("crm_communications") == 29)
        }
    }

    @Test("an unknown client without a recipient reaches the plan as nil", arguments: TestEngine.allCases)
    func unknownClient(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            var acceptance = f.acceptance { _, client, _ in if client == nil { throw Refusal() } }
            acceptance.recipient = nil
            await #expect(throws: Refusal.self) { _ = try await f.database.accept(acceptance) }
            let clients = try await f.count("crm_clients")
            #expect(clients == 0)
        }
    }

    @Test("a recipient's absent fields leave the record, the same address keeps its sealed bytes", arguments: TestEngine.allCases)
    func mergesRecipient(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            _ = try await f.database.accept(f.acceptance())
            let update = SealedRecipient(email: SealedValue(bytes: [42]), emailHash: [1], language: "fr")
            _ = try await f.database.accept(
                f.acceptance(recipient: update) { _, client, _ in
                    #expect(client?.name == "Ada")
                    #expect(client?.language == "fr")
                    #expect(client?.email == SealedValue(bytes: [9, 1]))
                })
            let row = try await f.database.read { tx in try tx.run("SELECT name, language, email FROM crm_clients")[0] }
            #expect(try row.text(0) == "Ada")
            #expect(try row.text(1) == "fr")
            #expect(try row.bytes(2) == [9, 1])
        }
    }

    @Test("the plan sees stated preferences and suppressions of this business's client", arguments: TestEngine.allCases)
    func seesConsent(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            try await f.database.write { tx in
                try tx.lockConsent(Fixture.business, f.client("ada"))
                _ = try tx.run(
                    """
                    INSERT INTO crm_client_preferences (business_id, client_id, preferred_channels, quiet_hours_start, opt_out_sms,
                        created_at, updated_at)
                    VALUES (\(Fixture.business), 'ada', 'sms,email', '21:30', \(true), \(tx.now), \(tx.now))
                    """)
                for (channel, hash) in [("email", [UInt8(1)]), ("sms", [1]), ("email", [2])] {
                    _ = try tx.run(
                        """
                        INSERT INTO crm_suppressions (business_id, channel, address_hash, reason, created_at)
                        VALUES (\(Fixture.business), \(channel), \(hash), 'bounce', \(tx.now))
                        """)
                }
            }
            _ = try await f.database.accept(
                f.acceptance { _, client, _ in
                    #expect(client?.stated.preferredChannels == [.sms, .email])
                    #expect(client?.stated.quietHoursStart == LocalTime("21:30"))
                    #expect(client?.stated.optOuts == .sms)
                    #expect(client?.stated.language == nil)
                    // The hash of an e-mail address suppresses e-mail only, even where the same hash is listed for sms.
                    #expect(client?.suppressed == .email)
                })
        }
    }

    @Test("a LOW message opens a batch, the next ones join it, the last one closes it", arguments: TestEngine.allCases)
    func batches(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let batch = UUIDv7(at: f.now)
            let later = f.now.adding(seconds: 3600)
            let leader = f.acceptance(needsBatchState: true) { plan, client, _ in
                #expect(client?.openBatches == [])
                #expect(client?.lastMessageAt == nil)
                plan.status = .pending
                plan.queue = .waiting(due: later)
                plan.batch = .open(id: batch, closesAt: later)
            }
            _ = try await f.database.accept(leader)
            // At once: each must see the one before.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        _ = try await f.database.accept(
                            f.acceptance(needsBatchState: true) { plan, client, now in
                                let open = try #require(client?.openBatches.first)
                                #expect(client?.lastMessageAt == now)
                                plan.status = .pending
                                plan.queue = .none
                                plan.batch = .join(id: open.id, leader: open.leader, closesNow: open.count + 1 == 3, leaderDue: now)
                            })
                    }
                }
                try await group.waitForAll()
            }
            let row = try await f.database.read { tx in
                try tx.run("SELECT member_count, is_open, leader_id FROM crm_batches")[0]
            }
            #expect(try row.int(0) == 3)
            #expect(try row.bool(1) == false)
            #expect(try row.uuid(2) == leader.id)
            let claimed = try await f.claim()
            #expect(claimed.begun.map(\.id) == [leader.id])
            #expect(claimed.begun.first?.members.count == 2)
            #expect(try await f.column("status", claimed.begun[0].members[1].id) == "sending")
        }
    }
}
