import Communications
import Core
import Crypto
import HTTPTypes
import HummingbirdCore
import NIOCore
import Storage

/// Brings files of clients in, of any size: the body is worked on while it arrives.
struct ClientImportsAPI: Sendable {
    let database: Database
    let cipher: Cipher
    let clock: WallClock
    let orchestrator: Orchestrator
    let isTimeZone: @Sendable (String) -> Bool

    /// Errors in the answer itself; all of them are in their own list.
    private static let shownErrors = 100

    /// 200 with what became of it. A line that can not be accepted is reported and the others are imported.
    func take(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let isDryRun = query.bool("dry_run") ?? false
        try query.finish()
        guard let format = ImportStream.Format(call.headers[.contentType]) else { throw Refusal.unsupportedMediaType }
        if let encoding = call.headers[.contentEncoding], encoding.lowercased() != "identity" { throw Refusal.unsupportedMediaType }
        if let key = call.idempotencyKey, let answer = try await repeated(key, call) { return answer }
        let topics = try await orchestrator.directory.profile(of: business).topics
        let id = UUIDv7(at: clock.now())
        let audit = call.audit("clients.import", target: id.description)
        let key = call.idempotencyKey
        try await database.write { tx in
            try tx.beginImport(id, isDryRun: isDryRun, idempotencyKey: key, business: business)
            try tx.audit(audit, business: business)
        }
        let importer = ClientImporter(
            database: database, orchestrator: orchestrator, cipher: cipher, id: id, business: business, source: call.consentSource,
            isDryRun: isDryRun)
        let fields = ImportFields(isTimeZone: isTimeZone, topics: Set(topics.map(\.name)))
        do {
            let fingerprint = try await read(call, ImportStream(format, fields), importer)
            try await database.record { tx in try tx.endImport(id, .completed, fingerprint: fingerprint) }
        } catch {
            try? await database.record { tx in try tx.endImport(id, .interrupted, fingerprint: nil) }
            throw error
        }
        return try await report(id, business)
    }

    func show(_ call: Call) async throws -> Answer {
        try await report(call.id("import_id"), call.business)
    }

    func errors(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("import_id"), call.business)
        var query = call.query
        let page = query.page(cursorParts: 2)
        var after = (line: 0, position: -1)
        if let parts = page.cursor?.parts {
            if let line = Int(parts[0]), let position = Int(parts[1]), line >= 0, position >= 0 {
                after = (line, position)
            } else {
                query.fail("cursor", Query.cursorRule)
            }
        }
        try query.finish()
        let found = try await database.read { [after] tx in
            guard try tx.clientImport(id, business: business) != nil else { throw Refusal.notFound }
            return try tx.importErrors(of: id, after: after, limit: page.limit + 1)
        }
        let shown = found.prefix(page.limit)
        let next = found.count > page.limit ? shown.last.map { Cursor("\($0.line)", "\($0.position)") } : nil
        return .page(Array(shown), next: next, Self.write)
    }

    /// - Returns: the SHA-256 of the body.
    private func read(_ call: Call, _ stream: ImportStream, _ importer: ClientImporter) async throws -> [UInt8] {
        var stream = stream
        var hash = SHA256()
        for try await buffer in call.incoming.request.body {
            try buffer.withUnsafeReadableBytes { bytes in
                hash.update(bufferPointer: bytes)
                try stream.feed(bytes)
            }
            if stream.lines.count >= ClientImporter.mostTogether { try await hand(stream.takeLines(), to: importer) }
        }
        try stream.finish()
        try await hand(stream.takeLines(), to: importer)
        return Array(hash.finalize())
    }

    private func hand(_ lines: [ImportLine], to importer: ClientImporter) async throws {
        for start in stride(from: 0, to: lines.count, by: ClientImporter.mostTogether) {
            try await importer.take(Array(lines[start..<min(start + ClientImporter.mostTogether, lines.count)]))
        }
    }

    /// The first answer again, for a file that was imported with this key before.
    private func repeated(_ key: String, _ call: Call) async throws -> Answer? {
        let business = call.business
        guard let (found, fingerprint) = try await database.read({ tx in try tx.clientImport(idempotencyKey: key, business: business) })
        else { return nil }
        switch found.state {
        case .running: throw Refusal.idempotencyKeyInUse
        case .interrupted: return nil
        case .completed: break
        }
        var hash = SHA256()
        for try await buffer in call.incoming.request.body {
            buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        }
        guard Array(hash.finalize()) == fingerprint else { throw Refusal.idempotencyKeyReused }
        var answer = try await report(found.id, business)
        answer.headers[.idempotencyReplayed] = "true"
        return answer
    }

    private func report(_ id: UUIDv7, _ business: BusinessID) async throws -> Answer {
        let (found, errors) = try await database.read { tx in
            guard let found = try tx.clientImport(id, business: business) else { throw Refusal.notFound }
            return (found, try tx.importErrors(of: id, limit: Self.shownErrors + 1))
        }
        return .json { json in
            json.member("import_id", found.id.description)
            json.member("state", found.state.rawValue)
            json.member("dry_run", found.isDryRun)
            json.member("lines", found.counts.lines)
            json.member("created", found.counts.created)
            json.member("updated", found.counts.updated)
            json.member("rejected", found.counts.rejected)
            json.member("kept_refusals", found.counts.keptRefusals)
            json.member("suppressed", found.counts.suppressed)
            json.array("errors") { json in for error in errors.prefix(Self.shownErrors) { Self.write(&json, error) } }
            json.member("more_errors", errors.count > Self.shownErrors)
            json.time("started_at", found.startedAt)
            json.time("finished_at", found.finishedAt)
        }
    }

    private static func write(_ json: inout JSONWriter, _ error: ImportError) {
        json.object { json in
            json.member("line", error.line)
            json.member("field", error.field)
            json.member("message", error.message)
        }
    }
}
