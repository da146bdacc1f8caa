import Core
import Crypto

/// An entry as it is stored before it has its place in the chain.
///
/// The text that the code and the hashes cover is made of lines, so that anybody can rebuild it from an export with the simplest of
/// tools: see ``content`` and ``LedgerLink``.
struct LedgerRecord: Sendable {
    var business: BusinessID
    var ledger: LedgerName
    var id: UUIDv7
    var occurredAt: Timestamp
    var actorKind: String
    /// Empty where the actor is a client: they are named in the payload only.
    var actorID: String
    var action: String
    /// By which entries of a client are found; nil where there is none, and after they were erased.
    var clientHash: [UInt8]?
    /// What names people; nil once it was erased.
    var payload: SealedValue?
    /// SHA-256 of the payload before it was sealed; the salt inside keeps anybody from guessing what was erased.
    var payloadDigest: [UInt8]
    /// HMAC of ``content`` under the store's key: nobody else can write an entry.
    var mac: [UInt8]

    /// What the code covers: UTF-8 lines, each with its line feed.
    var content: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(320)
        for line in [
            "rapport ledger entry 1", ledger.rawValue, business.description, id.description, String(occurredAt.milliseconds), actorKind,
            actorID, action,
        ] {
            bytes.append(line: line)
        }
        bytes.append(hexadecimal: payloadDigest)
        return bytes
    }

    /// SHA-256 of ``content`` and the code: what the chain holds of an entry.
    var contentHash: [UInt8] {
        var bytes = content
        bytes.append(hexadecimal: mac)
        return Array(SHA256.hash(data: bytes))
    }

    func authenticationCode(_ cipher: Cipher) -> [UInt8] {
        cipher.authenticationCode(of: content, purpose: "ledger")
    }

    /// Where the payload is sealed for.
    var place: SealContext { Self.place(business, ledger, id) }

    static func place(_ business: BusinessID, _ ledger: LedgerName, _ id: UUIDv7) -> SealContext {
        SealContext(table: "crm_ledger_entries", column: "payload", business: business, row: "\(ledger.rawValue) \(id)")
    }

    static func clientHash(_ client: ClientID, _ business: BusinessID, _ cipher: Cipher) -> [UInt8] {
        cipher.authenticationCode(of: Array("\(business)\n\(client.text)".utf8), purpose: "ledger client")
    }
}

extension LedgerRecord {
    /// Seals `payload` and makes the entry whole.
    ///
    /// - Parameter client: whom it concerns.
    init(
        _ ledger: LedgerName, business: BusinessID, at now: Timestamp, actor: Actor, action: String, client: ClientID?, payload: [UInt8],
        cipher: Cipher
    ) throws(DatabaseError) {
        let id = LedgerEntryID.make(at: now)
        self.init(
            business: business, ledger: ledger, id: id, occurredAt: now, actorKind: actor.kind.rawValue,
            actorID: actor.kind == .client ? "" : Self.oneLine(actor.id), action: Self.oneLine(action),
            clientHash: client.map { Self.clientHash($0, business, cipher) },
            payload: try cipher.seal(payload, Self.place(business, ledger, id)), payloadDigest: Array(SHA256.hash(data: payload)), mac: [])
        mac = authenticationCode(cipher)
    }

    /// A line feed in a field would make two entries of the same text.
    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 }) else { return text }
        return String(decoding: text.utf8.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }

    var insertion: SQL {
        """
        INSERT INTO crm_ledger_entries (business_id, ledger, entry_id, occurred_at, actor_kind, actor_id, action, client_hash, payload,
            payload_digest, mac)
        VALUES (\(business), \(ledger.rawValue), \(id), \(occurredAt), \(actorKind), \(actorID), \(action), \(clientHash), \(payload),
            \(payloadDigest), \(mac))
        """
    }
}

extension [UInt8] {
    mutating func append(line: String) {
        append(contentsOf: line.utf8)
        append(UInt8(ascii: "\n"))
    }

    /// Two lower-case digits for each byte, and a line feed.
    mutating func append(hexadecimal bytes: [UInt8]) {
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                append(nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ nibble &- 10)
            }
        }
        append(UInt8(ascii: "\n"))
    }
}
