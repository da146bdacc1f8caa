import Core

/// What an entry says beyond its clear columns: a JSON object with a random salt, sealed.
enum LedgerPayload {
    static func bytes(of entry: AuditEntry) -> [UInt8] {
        bytes { json in
            write(entry.actor, &json)
            optional("target", entry.target, &json)
            optional("client_id", entry.client?.text, &json)
            optional("remote_address", entry.remoteAddress, &json)
            optional("request_id", entry.requestID, &json)
            if !entry.details.isEmpty { json.member("details", raw: entry.details) }
        }
    }

    static func bytes(of entry: ConsentEntry) -> [UInt8] {
        bytes { json in
            write(entry.source.actor, &json)
            json.member("client_id", entry.client.text)
            json.member("purpose", entry.purpose.text)
            optional("channel", entry.channel?.rawValue, &json)
            json.member("decision", entry.decision.rawValue)
            json.member("source", entry.source.way.rawValue)
            optional("remote_address", entry.source.remoteAddress, &json)
            optional("wording", entry.source.wording, &json)
            optional("wording_version", entry.source.wordingVersion, &json)
            optional("evidence", entry.source.evidence, &json)
            if !entry.details.isEmpty { json.member("details", raw: entry.details) }
        }
    }

    /// What an erasure emptied.
    static func bytes(erased ids: [UUIDv7]) -> [UInt8] {
        bytes { json in
            json.array("erased") { json in
                for id in ids { json.value(id.description) }
            }
        }
    }

    static func bytes(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 384)
        json.object { json in
            json.member("salt", UUIDv7(high: .random(in: .min ... .max), low: .random(in: .min ... .max)).description)
            members(&json)
        }
        return json.bytes
    }

    private static func write(_ actor: Actor, _ json: inout JSONWriter) {
        // Elsewhere the id stands in the clear.
        if actor.kind == .client { json.member("actor_id", actor.id) }
        optional("actor_name", actor.name, &json)
    }

    private static func optional(_ key: StaticString, _ value: String?, _ json: inout JSONWriter) {
        if let value { json.member(key, value) }
    }
}
