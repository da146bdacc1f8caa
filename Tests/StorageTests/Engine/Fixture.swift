import Core
import Storage
import TestSupport

/// What the engine's tests accept, claim and finish.
struct Fixture {
    static let business = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0001)

    let test: TestDatabase
    var database: Database { test.database }
    var now: Timestamp { test.clock.now }

    /// A store with one business in it.
    static func with<T>(
        _ engine: TestEngine, faults: Faults? = nil, _ body: (Fixture) async throws -> T
    ) async throws -> T {
        try await TestDatabase.with(engine, faults: faults) { test in
            let fixture = Fixture(test: test)
            try await fixture.addBusiness(business)
            return try await body(fixture)
        }
    }

    func addBusiness(_ id: BusinessID) async throws {
        let now = now
        try await database.write { tx in
            _ = try tx.run("INSERT INTO crm_businesses (business_id, name, created_at, updated_at) VALUES (\(id), 'Test', \(now), \(now))")
        }
    }

    func client(_ text: String) -> ClientID {
        ClientID(text)!
    }

    func recipient(_ name: String = "Ada", hash: UInt8 = 1) -> SealedRecipient {
        SealedRecipient(name: name, email: SealedValue(bytes: [9, hash]), emailHash: [hash])
    }

    func acceptance(
        client: String = "ada", key: String? = nil, fingerprint: [UInt8] = [1], recipient: SealedRecipient? = nil,
        business: BusinessID = Fixture.business, id: CommunicationID? = nil, needsBatchState: Bool = false,
        edit: @escaping @Sendable (inout AcceptancePlan, ClientSnapshot?, Timestamp) throws -> Void = { _, _, _ in }
    ) -> Acceptance {
        Acceptance(
            business: business, id: id ?? UUIDv7(at: now), clientID: ClientID(client)!,
            idempotency: key.map { IdempotencyClaim(route: "communications", key: $0, fingerprint: fingerprint) },
            recipient: recipient ?? self.recipient(), needsBatchState: needsBatchState
        ) { client, now in
            var plan = AcceptancePlan(
                planID: nil, messageType: "welcome", category: .transactional, urgency: .normal, channel: .email, fallbacks: [.sms],
                status: .queued, context: Array(#"{"n":1}"#.utf8), metadata: Array("{}".utf8), scheduledFor: now, queue: .waiting(due: now),
                batch: .none, errorMessage: nil, attachments: [], answer: Array("answer".utf8), client: client ?? ClientSnapshot())
            try edit(&plan, client, now)
            return plan
        }
    }

    /// Accepts `count` due communications and returns their ids in order.
    @discardableResult
    func acceptDue(_ count: Int = 1, urgency: Urgency = .normal, channel: Channel = .email, client: String = "ada") async throws
        -> [CommunicationID]
    {
        var ids: [CommunicationID] = []
        for _ in 0..<count {
            let acceptance = acceptance(client: client) { plan, _, _ in
                plan.urgency = urgency
                plan.channel = channel
            }
            ids.append(acceptance.id)
            _ = try await database.accept(acceptance)
        }
        return ids
    }

    func claim(
        _ limit: Int = 100, token: Int64 = 7, channel: Channel = .email, leaseSeconds: Int64 = 60, on other: Database? = nil,
        gate: @escaping @Sendable (DueDelivery, Timestamp) -> ClaimDecision = { _, _ in .begin }
    ) async throws -> ClaimResult {
        try await (other ?? database).claim(
            ClaimRequest(
                channel: channel, limit: limit, token: token, leaseUntil: now.adding(seconds: leaseSeconds), now: now, gate: gate))
    }

    func outcome(_ id: CommunicationID, token: Int64 = 7, members: [CommunicationID] = [], _ result: AttemptOutcome.Result)
        -> AttemptOutcome
    {
        AttemptOutcome(
            id: id, token: token, channel: .email, attempt: 1, startedAt: now, finishedAt: now, provider: "smtp", sandbox: false,
            members: members, result: result)
    }

    /// One text column of a communication.
    func column(_ name: StaticString, _ id: CommunicationID) async throws -> String? {
        try await database.read { tx in
            try tx.run("SELECT CAST(\(unsafeSQL: name) AS TEXT) FROM crm_communications WHERE communication_id = \(id)").first?.textOrNil(0)
        }
    }

    func status(_ id: CommunicationID) async throws -> CommunicationStatus? {
        try await column("status", id).flatMap(CommunicationStatus.init)
    }

    func events(_ id: CommunicationID) async throws -> [String] {
        try await database.read { tx in
            try tx.run("SELECT event_type FROM crm_delivery_logs WHERE communication_id = \(id) ORDER BY log_id").map { try $0.text(0) }
        }
    }

    func count(_ table: StaticString) async throws -> Int {
        try await database.read { tx in try tx.run("SELECT COUNT(*) FROM \(unsafeSQL: table)")[0].int(0) }
    }
}

extension AcceptanceResult {
    var name: String {
        switch self {
        case .accepted: "accepted"
        case .replayed: "replayed"
        case .keyReused: "keyReused"
        case .keyInUse: "keyInUse"
        }
    }
}

struct Refusal: Error, Equatable {}

let failure = AttemptFailure(category: "transient", message: "421 later")
let rule = DecisionStep(rule: "quiet_hours", outcome: "deferred", because: "night")
