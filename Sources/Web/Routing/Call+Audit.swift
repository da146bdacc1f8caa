import Core

extension Call {
    /// What happened, with the names of the fields that the body has; never their values.
    func auditOfFields(_ action: String, target: String? = nil, client: ClientID? = nil) -> AuditEntry {
        let fields = (try? json().root)?.members.map(\.key) ?? []
        return audit(action, target: target, client: client, details: AuditDetails.object { json in json.member("fields", fields) })
    }
}

/// What matters of a change, as the JSON object that an audit entry takes.
enum AuditDetails {
    static func object(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 128)
        json.object(members)
        return json.bytes
    }
}
