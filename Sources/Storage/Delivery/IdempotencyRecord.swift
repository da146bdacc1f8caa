import Core

/// A stored answer under a caller's key.
struct IdempotencyRecord {
    /// How long a key binds, in milliseconds: 7 days.
    static let lifetime: Int64 = 7 * 86_400_000

    var fingerprint: [UInt8]
    var statusCode: Int?
    var answer: [UInt8]
    var createdAt: Timestamp

    /// Reads `fingerprint, status_code, answer, created_at` from `first` on.
    init(_ row: Row, from first: Int) throws(DatabaseError) {
        fingerprint = try row.bytes(first)
        statusCode = try row.intOrNil(first + 1)
        answer = try row.bytesOrNil(first + 2) ?? []
        createdAt = try row.time(first + 3)
    }

    /// Nil where the key no longer binds.
    func answer(to claim: IdempotencyClaim, now: Timestamp) -> AcceptanceResult? {
        guard createdAt.adding(milliseconds: Self.lifetime) > now else { return nil }
        guard fingerprint == claim.fingerprint else { return .keyReused }
        guard let statusCode else { return .keyInUse }
        return .replayed(statusCode: statusCode, answer: answer)
    }
}

extension OpenBatchRecord {
    /// Reads `batch_id, channel, leader_id, member_count, closes_at` from `first` on.
    init(_ row: Row, from first: Int) throws(DatabaseError) {
        self.init(
            id: try row.uuid(first), channel: try row.channel(first + 1), leader: try row.uuid(first + 2), count: try row.int(first + 3),
            closesAt: try row.time(first + 4))
    }
}

extension StoredClient {
    /// Reads `client_id, name, language, timezone, email, email_hash, phone_number, phone_hash`, the preferences
    /// after them, both from outer joins, and whether the client is on hold, from `first` on.
    init(_ row: Row, from first: Int) throws(DatabaseError) {
        self.init()
        if try !row.isNull(first) {
            var record = ClientRecord()
            record.name = try row.textOrNil(first + 1)
            record.language = try row.textOrNil(first + 2)
            record.timezone = try row.textOrNil(first + 3)
            record.email = try row.sealedOrNil(first + 4)
            record.emailHash = try row.bytesOrNil(first + 5)
            record.phoneNumber = try row.sealedOrNil(first + 6)
            record.phoneHash = try row.bytesOrNil(first + 7)
            self.record = record
        }
        stated = try StatedPreferences(row, from: first + 8)
        if try row.bool(first + 18) { stated.holdForErasure() }
    }
}
