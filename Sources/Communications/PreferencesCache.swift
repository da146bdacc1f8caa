import Core
import Storage

/// Preferences as callers read them, through the cache. What is sent is never decided from here: decisions read the database inside
/// their transaction.
///
/// A copy begins with what it depends on beside the client's own record: whose it is, and the business's time zone, language and rule
/// for marketing. It counts only where all of that is still so; anything else under its name (another installation's copy, a business
/// that has moved) is as good as missing.
public final class PreferencesCache: Sendable {
    /// Writes the members of the answer; the first one is `client_id`.
    public typealias Write = @Sendable (Preferences, ClientID, inout JSONWriter) -> Void

    private let database: Database
    private let directory: Directory
    private let records: RecordCache?
    private let write: Write
    /// Whether other instances keep copies of their own, which they forget when they are told.
    let tellsPeers: Bool

    /// What instances call changed clients when they tell each other.
    private static let topic = "prefs"
    /// What one message to the others may hold; PostgreSQL takes less than 8,000 bytes.
    private static let mostTold = 6_000

    /// - Parameters:
    ///   - records: nil reads the database every time.
    ///   - own: where `records` are kept, if that is this process's own and others may change what they are copies of. Whoever has lost
    ///     touch with the others uses none.
    public init(
        database: Database, directory: Directory, records: RecordCache?, own: InProcessCache? = nil, write: @escaping Write
    ) {
        self.database = database
        self.directory = directory
        self.records = records
        self.write = write
        tellsPeers = own != nil
        guard let own else { return }
        // At once, in the order in which it was said: the answer to a later question says that this is done.
        database.peers.listen(Self.topic) { text, _ in own.forget(text.split(separator: " ").map(String.init)) }
        // What was said meanwhile is not said again.
        database.peers.onInterruption { own.forgetCopies() }
    }

    /// The answer as a JSON object.
    public func answer(_ client: ClientID, business: BusinessID) async throws -> [UInt8] {
        guard let records, !tellsPeers || database.peers.isInTouch else {
            return object(try await database.read { tx in try tx.effectivePreferences(client, business: business) }, client)
        }
        let profile = try await directory.profile(of: business)
        let head = Self.head(business, profile.business)
        let start = Self.start(client)
        let key = records.keys.preferences(of: client, business: business)
        var found = await records.cache.lookUp(key)
        if case .hit(let copy) = found {
            if copy.starts(with: head), copy.dropFirst(head.count).starts(with: start) { return Self.brace + copy.dropFirst(head.count) }
            await records.cache.delete([key])
            found = await records.cache.lookUp(key)
        }
        // The business first: should it change between the two, the copy carries its old state and does not count.
        let (record, preferences) = try await database.read { tx in
            (try tx.business(business), try tx.effectivePreferences(client, business: business))
        }
        let answer = object(preferences, client)
        if case .miss(let lease?) = found, let record {
            let head = Self.head(business, record)
            await records.cache.fill(key, head + answer.dropFirst(), seconds: records.seconds, lease: lease)
        }
        return answer
    }

    /// Call after a change is durable and before it is acknowledged.
    public func forget(_ client: ClientID, business: BusinessID) async {
        await forget([(client, business)])
    }

    /// As ``forget(_:business:)``, for many at once.
    public func forget(_ clients: [(client: ClientID, business: BusinessID)]) async {
        guard let records, !clients.isEmpty else { return }
        let keys = clients.map { records.keys.preferences(of: $0.client, business: $0.business) }
        await records.cache.delete(keys)
        guard tellsPeers else { return }
        var text = ""
        for key in keys {
            if text.utf8.count + key.utf8.count >= Self.mostTold {
                database.peers.say(Self.topic, text)
                text = ""
            }
            text += text.isEmpty ? key : " \(key)"
        }
        database.peers.say(Self.topic, text)
    }

    private func object(_ preferences: Preferences, _ client: ClientID) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in write(preferences, client, &json) }
        return json.bytes
    }

    private static let brace = [UInt8(ascii: "{")]

    /// An object that is still open: its members up to the comma.
    private static func head(_ business: BusinessID, _ record: Business) -> [UInt8] {
        var json = JSONWriter(capacity: 160)
        json.beginObject()
        json.member("business_id", business.description)
        json.member("business_timezone", record.timezone)
        json.member("business_language", record.defaultLanguage)
        json.member("business_marketing_consent", record.marketingRule.rawValue)
        return json.bytes + [UInt8(ascii: ",")]
    }

    /// How the answer goes on; a client id has nothing to escape.
    private static func start(_ client: ClientID) -> [UInt8] {
        Array(#""client_id":"\#(client.text)""#.utf8)
    }
}
