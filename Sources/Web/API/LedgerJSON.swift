import Core
import Storage

/// Ledger entries as JSON.
public enum LedgerJSON {
    /// An entry of either ledger.
    public static func members(_ entry: LedgerEntry, _ json: inout JSONWriter) {
        let content = entry.payload.flatMap { try? JSONDocument(parsing: $0) }?.root
        json.member("entry_id", entry.id.description)
        json.member("sequence", entry.sequence)
        json.time("occurred_at", entry.occurredAt)
        json.object("actor") { json in
            json.member("kind", entry.actorKind)
            json.member("id", entry.actorID ?? content?["actor_id"]?.string)
            json.member("name", content?["actor_name"]?.string)
        }
        switch entry.place.ledger {
        case .audit: json.member("action", entry.action)
        case .consent: json.member("decision", entry.action)
        }
        for name in texts(entry.place.ledger) {
            json.key(dynamic: name)
            json.value(content?[name]?.string)
        }
        json.key("details")
        if let details = content?["details"] {
            json.raw(details.rawBytes)
        } else if let erased = content?["erased"] {
            json.object { json in json.member("emptied_entries", erased.count) }
        } else {
            json.null()
        }
        json.member("state", entry.state.rawValue)
        json.member("hash", entry.hash.map(Hexadecimal.encode))
    }

    /// Whom an entry is about, as far as it still says so.
    static func client(_ entry: LedgerEntry) -> ClientID? {
        let content = entry.payload.flatMap { try? JSONDocument(parsing: $0) }?.root
        return content?["client_id"]?.string.flatMap { ClientID($0) }
    }

    /// What an entry says beside actor, action and details.
    static func texts(_ ledger: LedgerName) -> [String] {
        switch ledger {
        case .audit: ["target", "client_id", "remote_address", "request_id"]
        case .consent:
            ["client_id", "purpose", "channel", "source", "remote_address", "wording", "wording_version", "evidence"]
        }
    }
}

/// How a ledger is exported.
public enum LedgerFormat: String, Sendable, CaseIterable {
    case csv, jsonl
}

/// A ledger line by line, oldest first.
public struct LedgerLines: Sendable {
    public let ledger: LedgerName
    public let format: LedgerFormat

    public init(ledger: LedgerName, format: LedgerFormat) {
        self.ledger = ledger
        self.format = format
    }

    /// Before the first entry.
    public var header: [UInt8] {
        guard format == .csv else { return [] }
        var csv = CSVWriter()
        csv.row(
            ["sequence", "entry_id", "occurred_at", "actor_kind", "actor_id", "actor_name", ledger == .audit ? "action" : "decision"]
                + LedgerJSON.texts(ledger) + ["details", "state", "hash"])
        return csv.bytes
    }

    public func line(_ entry: LedgerEntry) -> [UInt8] {
        switch format {
        case .jsonl:
            var json = JSONWriter()
            json.object { json in LedgerJSON.members(entry, &json) }
            return json.bytes + [0x0A]
        case .csv:
            let content = entry.payload.flatMap { try? JSONDocument(parsing: $0) }?.root
            var csv = CSVWriter()
            csv.number(entry.sequence)
            csv.text(entry.id.description)
            csv.text(entry.occurredAt.rfc3339)
            csv.text(entry.actorKind)
            csv.text(entry.actorID ?? content?["actor_id"]?.string)
            csv.text(content?["actor_name"]?.string)
            csv.text(entry.action)
            for name in LedgerJSON.texts(ledger) { csv.text(content?[name]?.string) }
            csv.text((content?["details"] ?? content?["erased"]).map { String(decoding: $0.rawBytes, as: UTF8.self) })
            csv.text(entry.state.rawValue)
            csv.text(entry.hash.map(Hexadecimal.encode))
            csv.endRow()
            return csv.bytes
        }
    }

    /// Everything that `filter` lets through, in pieces.
    public func write(
        _ filter: LedgerFilter, business: BusinessID, from database: Database, _ put: ([UInt8]) async throws -> Void
    ) async throws {
        let place = LedgerPlace(business: business, ledger: ledger)
        try await put(header)
        var last: UUIDv7?
        while true {
            let from = last
            let entries = try await database.read { tx in
                try tx.ledgerEntries(place, filter, newestFirst: false, after: from, limit: Self.step)
            }
            guard let final = entries.last else { return }
            try await put(entries.flatMap(line))
            last = final.id
        }
    }

    private static let step = 200
}
