import Core
import Storage
import Synchronization

/// A business with its own message types, as decisions need them.
public struct BusinessProfile: Sendable {
    public var business: Business
    public var messageTypes: [String: MessageType]
    /// In the order in which clients are shown them.
    public var topics: [Topic]

    public init(business: Business, messageTypes: [String: MessageType], topics: [Topic] = []) {
        self.business = business
        self.messageTypes = messageTypes
        self.topics = topics
    }

    /// The business's own message type of that name, else the built-in one.
    public func messageType(named name: String) -> MessageType? {
        messageTypes[name] ?? MessageType.builtIn(named: name)
    }
}

/// The businesses as this process knows them: read through, forgotten on change, and at most a few seconds old where
/// another instance made the change. Nothing about consent is kept here.
public final class Directory: Sendable {
    private struct Entry {
        var profile: BusinessProfile
        var readAt: Timestamp
    }

    private static let freshFor: Int64 = 5

    private let database: Database
    private let clock: WallClock
    private let entries = Mutex<[BusinessID: Entry]>([:])

    public init(database: Database, clock: WallClock) {
        self.database = database
        self.clock = clock
    }

    /// - Throws: ``Refusal/notFound`` when there is no such business.
    public func profile(of business: BusinessID) async throws -> BusinessProfile {
        let now = clock.now()
        if let entry = entries.withLock({ $0[business] }), now < entry.readAt.adding(seconds: Self.freshFor) {
            return entry.profile
        }
        let profile = try await database.read { tx -> BusinessProfile? in
            guard let found = try tx.business(business) else { return nil }
            let types = try tx.messageTypes(business: business)
            return BusinessProfile(
                business: found, messageTypes: Dictionary(types.map { ($0.name, $0) }) { first, _ in first },
                topics: try tx.topics(business: business))
        }
        guard let profile else { throw Refusal.notFound }
        entries.withLock { $0[business] = Entry(profile: profile, readAt: now) }
        return profile
    }

    /// The last known profile without asking the store; for rules that run inside a transaction.
    public func lastKnown(_ business: BusinessID) -> BusinessProfile? {
        entries.withLock { $0[business]?.profile }
    }

    /// Call after the business or its message types changed. What was known stays ``lastKnown(_:)`` until it is read again: a
    /// rule inside a transaction would otherwise fall back to no time zone at all.
    public func forget(_ business: BusinessID) {
        entries.withLock { $0[business]?.readAt = Timestamp(milliseconds: .min) }
    }

    /// Reads every business, so that ``lastKnown(_:)`` has an answer from the start.
    public func preload() async throws {
        for business in try await database.read({ tx in try tx.businessIDs() }) { _ = try await profile(of: business) }
    }
}
