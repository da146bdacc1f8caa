import Core
import HTTPTypes
import Storage

/// Key rotation by an operator's program. Of the whole installation: names of keys and numbers of values, nothing of what is sealed. Only
/// the first business, which is the operator's, may ask for it.
struct KeyRotationAPI: Sendable {
    let database: Database
    let rotator: KeyRotator

    func show(_ call: Call) async throws -> Answer {
        var query = call.query
        try query.finish()
        try await checkOperator(call)
        return answer(.ok, try await database.read { tx in try tx.keyRotation() })
    }

    func begin(_ call: Call) async throws -> Answer {
        var (newKey, dropsOldKeys) = (false, false)
        if !call.body.isEmpty {
            var body = try call.fields()
            newKey = body.bool("new_key") ?? false
            dropsOldKeys = body.bool("drop_old_keys") ?? false
            try body.finish()
        }
        try await checkOperator(call)
        do {
            let entry = call.audit("encryption_keys.rotate")
            let progress = try await rotator.begin(newKey: newKey, droppingOldKeys: dropsOldKeys) { tx in
                try tx.audit(entry, business: call.business)
            }
            return answer(.accepted, progress)
        } catch let refusal as KeyRotationRefusal {
            throw Refusal.conflict(refusal.description)
        }
    }

    private func checkOperator(_ call: Call) async throws {
        guard try await database.read({ tx in try tx.businessIDs().first }) == call.business else { throw Refusal.forbidden }
    }

    private func answer(_ status: HTTPResponse.Status, _ progress: KeyRotationProgress?) -> Answer {
        let keys = rotator.keeper.cipher.keys
        return .json(status) { json in
            json.member("keys", keys.names)
            json.member("state", progress?.state.rawValue ?? "none")
            json.member("key", progress?.keyID)
            json.member("pass", progress?.pass)
            json.member("column", progress?.state == .running ? progress?.column : nil)
            json.member("examined", progress?.examined)
            json.member("sealed_anew", progress?.moved)
            json.member("unreadable", progress?.unreadable)
            json.time("started_at", progress?.startedAt)
            json.time("updated_at", progress?.updatedAt)
            // Of the key that writes now: an older rotation proves nothing about it.
            json.member("old_keys_removable", progress?.state == .complete && progress?.fingerprint == keys.fingerprint)
        }
    }
}
