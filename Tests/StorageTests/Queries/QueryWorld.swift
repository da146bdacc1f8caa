import Core
import Storage
import TestSupport

/// A store with two businesses in it, so that every query can be asked whether it keeps them apart.
struct QueryWorld {
    static let ours = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0001)
    static let theirs = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0002)

    private static let keys = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

    static func keyRing() throws -> KeyRing { try KeyRing(text: keys) }

    let test: TestDatabase
    let cipher: Cipher
    var database: Database { test.database }
    var clock: TestClock { test.clock }

    static func with<T>(_ engine: TestEngine, _ body: (QueryWorld) async throws -> T) async throws -> T {
        try await TestDatabase.with(engine) { test in
            let world = QueryWorld(test: test, cipher: try await Cipher.open(test.database, keys: keyRing()))
            try await world.database.write { tx in
                for id in [ours, theirs] { try tx.insertBusiness(business(id)) }
            }
            return try await body(world)
        }
    }

    static func business(_ id: BusinessID) -> Business {
        Business(
            id: id, name: "Planiva", postalAddress: "1 High Street", supportEmail: "help@example.org", timezone: "Europe/Berlin",
            hours: BusinessHours(start: LocalTime(clampedMinutes: 480), end: LocalTime(clampedMinutes: 1020), days: [1, 3, 5]),
            defaultLanguage: "de", brandColor: "#112233", logoURL: nil)
    }

    static func id(_ text: String) -> ClientID {
        ClientID(text)!
    }

    static func client(_ id: String, name: String? = nil, tags: [String] = [], emailHash: [UInt8]? = nil) -> SealedClient {
        let never = Timestamp(milliseconds: 0)
        return SealedClient(
            id: self.id(id), name: name, email: emailHash.map { SealedValue(bytes: [0] + $0) }, emailHash: emailHash, phoneNumber: nil,
            phoneHash: nil, language: nil, timezone: nil, tags: tags, attributes: Array("{}".utf8), createdAt: never, updatedAt: never)
    }

    @discardableResult
    func put(_ client: SealedClient, business: BusinessID = ours) async throws -> Bool {
        try await database.write { tx in try tx.putClient(client, business: business) }
    }

    /// Accepts a communication; it waits in the queue.
    @discardableResult
    func accept(
        _ client: String = "ada", business: BusinessID = ours, plan: String? = nil, type: String = "welcome", channel: Channel = .email,
        attachments: [AttachmentUpload] = [], batch: BatchChange = .none
    ) async throws -> CommunicationID {
        let id = UUIDv7(at: clock.now)
        let acceptance = Acceptance(
            business: business, id: id, clientID: Self.id(client), idempotency: nil,
            recipient: SealedRecipient(name: client, email: SealedValue(bytes: [1]), emailHash: [1]), needsBatchState: false
        ) { snapshot, now in
            AcceptancePlan(
                planID: plan, messageType: type, category: .transactional, urgency: .normal, channel: channel, fallbacks: [.sms],
                status: .queued, context: Array(#"{"n": 1}"#.utf8), metadata: Array(#"{"priority":2}"#.utf8), scheduledFor: now,
                queue: .waiting(due: now), batch: batch, errorMessage: nil, attachments: attachments, answer: [],
                client: snapshot ?? ClientSnapshot())
        }
        guard case .accepted = try await database.accept(acceptance) else { throw Unexpected() }
        return id
    }

    /// Claims whatever is due on e-mail.
    @discardableResult
    func claim(token: Int64 = 7) async throws -> [CommunicationID] {
        let now = clock.now
        let request = ClaimRequest(channel: .email, limit: 100, token: token, leaseUntil: now.adding(seconds: 60), now: now) { _, _ in
            .begin
        }
        return try await database.claim(request).begun.map(\.id)
    }

    @discardableResult
    func finish(_ id: CommunicationID, attempt: Int = 1, token: Int64 = 7, _ result: AttemptOutcome.Result) async throws
        -> [CommunicationID]
    {
        let now = clock.now
        return try await database.finish([
            AttemptOutcome(
                id: id, token: token, channel: .email, attempt: attempt, startedAt: now, finishedAt: now.adding(milliseconds: 20),
                provider: "smtp", sandbox: false, members: [], result: result)
        ])
    }

    /// Rows of a table, whoever they belong to.
    func count(_ table: StaticString) async throws -> Int {
        try await database.read { tx in try tx.run("SELECT COUNT(*) FROM \(unsafeSQL: table)")[0].int(0) }
    }

    struct Unexpected: Error {}
}
