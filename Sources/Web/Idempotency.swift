import Core
import Crypto
import HTTPTypes
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
    /// How long answers are kept.
    static let keptSeconds: Int64 = 7 * 86_400

    let store: IdempotencyStore

    /// Runs `handler` once per key: same request → the stored answer, another one → 422, still running → 409.
    ///
    /// Only answers that say "done" are kept. A refusal changed nothing, so trying again is safe and may well succeed.
    func once(
        route: Route, key: String, call: Call, _ handler: @Sendable (Call) async throws -> Answer
    ) async throws -> Answer {
        let claim = IdempotencyClaim(route: route.name, key: key, fingerprint: Self.fingerprint(of: call.incoming))
        switch try await store.reserve(call.business, claim) {
        case .replay(let statusCode, let body):
            var answer = Answer(status: .init(code: statusCode), body: body, contentType: body.isEmpty ? nil : MediaType.json)
            answer.headers[.idempotencyReplayed] = "true"
            return answer
        case .reused: throw Refusal.idempotencyKeyReused
        case .inUse: throw Refusal.idempotencyKeyInUse
        case .reserved(let reservation):
            let answer: Answer
            do {
                answer = try await handler(call)
            } catch {
                try await store.release(call.business, claim, reservation)
                throw error
            }
            try await store.complete(call.business, claim, reservation, Int(answer.status.code), answer.body)
            return answer
        }
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

/// Where reservations and answers are kept.
struct IdempotencyStore: Sendable {
    enum Reservation: Sendable {
        /// Ours to run; the moment marks the reservation as ours.
        case reserved(Timestamp)
        case replay(statusCode: Int, body: [UInt8])
        case reused
        case inUse
    }

    var reserve: @Sendable (BusinessID, IdempotencyClaim) async throws -> Reservation
    var complete: @Sendable (BusinessID, IdempotencyClaim, Timestamp, _ statusCode: Int, _ body: [UInt8]) async throws -> Void
    var release: @Sendable (BusinessID, IdempotencyClaim, Timestamp) async throws -> Void
}
