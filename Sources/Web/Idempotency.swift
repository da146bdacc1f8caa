import Core
import Crypto
import HTTPTypes
import HummingbirdCore
import Storage

/// `Idempotency-Key`: syntax and fingerprints.
enum IdempotencyKey {
    /// Nil without the header; 422 when it is not 1–255 printable characters.
    static func read(from headers: HTTPFields) throws(ValidationError) -> String? {
        guard let key = headers[.idempotencyKey] else { return nil }
        guard (1...255).contains(key.unicodeScalars.count), key.utf8.count <= 1_020, key.unicodeScalars.allSatisfy(isPrintable) else {
            throw ValidationError(errors: [FieldError(field: "Idempotency-Key", message: "must be 1 to 255 printable characters")])
        }
        return key
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .unassigned, .privateUse, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

/// Gives a repeated write its first answer again. For every writing route but those that hand their key on.
struct Idempotency: Sendable {
    /// A reservation older than this belongs to a process that died with it.
    static let takeoverSeconds: Int64 = 60

    let database: Database
    let cipher: Cipher

    /// Runs `handler` once per key: same request → the stored answer, another one → 422, still running → 409.
    ///
    /// Only answers that say "done" are kept. A refusal changed nothing, so trying again is safe and may well succeed.
    func once(
        route: Route, key: String, call: Call, _ handler: @Sendable (Call) async throws -> Answer
    ) async throws -> Answer {
        let business = call.business
        let claim = IdempotencyClaim(route: route.name, key: key, fingerprint: Self.fingerprint(of: call.incoming))
        let clientID = Self.clientID(of: call)
        let reservation = try await database.write { tx in
            try tx.reserveIdempotencyKey(
                claim, business: business, clientID: clientID, abandonedBefore: tx.now.adding(seconds: -Self.takeoverSeconds))
        }
        switch reservation {
        case .keyReused: throw Refusal.idempotencyKeyReused
        case .keyInUse: throw Refusal.idempotencyKeyInUse
        case .replay(let statusCode, let stored):
            let body = stored.isEmpty ? [] : try cipher.openBytes(SealedValue(bytes: stored), seal(claim, business))
            var answer = Answer(status: .init(code: statusCode), body: body, contentType: body.isEmpty ? nil : MediaType.json)
            answer.headers[.idempotencyReplayed] = "true"
            return answer
        case .reserved(let moment):
            let answer: Answer
            do {
                answer = try await handler(call)
            } catch {
                // Should this fail too, the key is free again after a minute; the caller hears of the first fault.
                try? await database.record { tx in try tx.releaseIdempotencyKey(claim, business: business, reservedAt: moment) }
                throw error
            }
            guard answer.isFinal else {
                try await database.record { tx in try tx.releaseIdempotencyKey(claim, business: business, reservedAt: moment) }
                return answer
            }
            // Answers may hold addresses, which nobody may read off the disk.
            let kept = answer.kept ?? answer.body
            let stored = kept.isEmpty ? [] : try cipher.seal(kept, seal(claim, business)).bytes
            let statusCode = Int(answer.status.code)
            _ = try await database.record { tx in
                try tx.completeIdempotencyKey(claim, business: business, reservedAt: moment, statusCode: statusCode, answer: stored)
            }
            return answer
        }
    }

    /// Whose data the answer will hold: the client in the path, else in the body. The record goes when they are erased.
    private static func clientID(of call: Call) -> ClientID? {
        if let id = try? call.clientID() { return id }
        return (try? call.json())?.root["client_id"]?.string.flatMap { ClientID($0) }
    }

    private func seal(_ claim: IdempotencyClaim, _ business: BusinessID) -> SealContext {
        Self.seal(route: claim.route, key: claim.key, business)
    }

    /// Where the answer to a key is sealed for.
    static func seal(route: String, key: String, _ business: BusinessID) -> SealContext {
        SealContext(table: "crm_idempotency_records", column: "answer", business: business, row: "\(route) \(key)")
    }

    /// Covers the path and the query as well: one key for two clients is a mistake, not a repetition.
    static func fingerprint(of incoming: Incoming) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array((incoming.request.head.path ?? "").utf8))
        hash.update(data: [0])
        hash.update(data: incoming.body)
        return Array(hash.finalize())
    }
}
