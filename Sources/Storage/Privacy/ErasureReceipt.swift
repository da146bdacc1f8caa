import Core

/// The record of an erasure. Once it has ended it holds nothing of the person but a keyed hash of their client id.
public struct ErasureReceipt: Sendable, Hashable {
    public var id: UUIDv7
    public var business: BusinessID
    /// Nil once it is completed or cancelled.
    public var client: ClientID?
    public var status: ErasureStatus
    public var requestedAt: Timestamp
    /// Without a name: whoever asked may want to be forgotten, too.
    public var requestedBy: Actor
    /// When it is (or was) to be executed.
    public var dueAt: Timestamp
    public var startedAt: Timestamp?
    /// When it was completed or cancelled.
    public var finishedAt: Timestamp?
    /// Rows removed, by table.
    public var counts: [String: Int]
}

extension ErasureReceipt {
    static let columns: SQL = """
        e.erasure_id, e.business_id, e.client_id, e.status, e.requested_at, e.requested_by_kind, e.requested_by_id, e.due_at, e.started_at,
        e.finished_at, e.counts
        """

    /// Columns in the order of ``columns``.
    init(row: Row) throws {
        let kind = try row.oneOf(5, as: Actor.Kind.self)
        self.init(
            id: try row.uuid(0), business: try row.uuid(1), client: try row.textOrNil(2).flatMap(ClientID.init),
            status: try row.oneOf(3, as: ErasureStatus.self), requestedAt: try row.time(4),
            requestedBy: Actor(kind, id: try row.textOrNil(6) ?? ""), dueAt: try row.time(7), startedAt: try row.timeOrNil(8),
            finishedAt: try row.timeOrNil(9), counts: try Self.counts(try row.json(10)))
    }

    static func counts(_ json: [UInt8]) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for (table, count) in try JSONDocument(parsing: json).root.members { counts[table] = count.int64.map { Int($0) } }
        return counts
    }

    static func document(_ counts: [String: Int]) -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            for (table, count) in counts.sorted(by: { $0.key < $1.key }) where count > 0 {
                json.key(dynamic: table)
                json.value(count)
            }
        }
        return json.bytes
    }
}

extension Cipher {
    /// By what a receipt is found again for who knows the client id, and by nobody else.
    public func erasureHash(of client: ClientID, business: BusinessID) -> [UInt8] {
        authenticationCode(of: business.description.utf8.map { $0 } + [0] + Array(client.text.utf8), purpose: "erasure")
    }
}
