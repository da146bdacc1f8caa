import CPQ
import Core

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One connection, always in pipeline mode: statements are queued, then one sync sends them and reads every answer.
///
/// Confined to one thread at a time. Statements are prepared once and found again by text and parameter types.
final class PostgresConnection: TransactionSession {
    private static let statementLimit = 600

    private enum Expected {
        case preparation
        case answer
    }

    /// How long one answer may take, in milliseconds: longer than the server's own `statement_timeout`. Without it, a server that
    /// vanished without a word would hold this thread for as long as TCP tries, a quarter of an hour.
    var patience: Int32 = 35_000

    private var raw: OpaquePointer?
    private var prepared: [String: String] = [:]
    private var nextName = 0
    /// Prepared since the last sync: not there after all when the pipeline fails.
    private var fresh: [String] = []
    private var expected: [Expected] = []

    /// - Throws: ``DatabaseError/unavailable(_:details:)``; never with the URL or a password in it.
    init(url: String, settings: [String]) throws(DatabaseError) {
        // What stands before `dbname` the URL may change.
        let names = [
            "keepalives_idle", "keepalives_interval", "keepalives_count", "dbname", "client_encoding", "connect_timeout",
            "application_name", "fallback_application_name",
        ]
        let values = ["30", "10", "3", url, "UTF8", "5", "rapport", "rapport"]
        raw = Self.connect(names, values)
        guard PQstatus(raw) == CONNECTION_OK else {
            let message = PQerrorMessage(raw).map { String(cString: $0) } ?? ""
            // `deinit` closes what is there of it.
            throw .unavailable(.disconnected, details: message.split(separator: "\n").first.map(String.init) ?? "no connection")
        }
        guard PQenterPipelineMode(raw) == 1 else {
            throw .unavailable(.disconnected, details: "pipeline mode refused")
        }
        // Notices would go to standard error, past the log.
        PQsetNoticeProcessor(raw, { _, _ in }, nil)
        for setting in settings { queue(SQL(stringLiteral: "SET \(setting)")) }
        _ = try sync()
    }

    private static func connect(_ names: [String], _ values: [String]) -> OpaquePointer? {
        let cNames = names.map { Array($0.utf8CString) }
        let cValues = values.map { Array($0.utf8CString) }
        func pointers<R>(_ arrays: [[CChar]], _ index: Int, _ found: [UnsafePointer<CChar>?], _ body: ([UnsafePointer<CChar>?]) -> R) -> R {
            guard index < arrays.count else { return body(found + [nil]) }
            return arrays[index].withUnsafeBufferPointer { pointers(arrays, index + 1, found + [$0.baseAddress], body) }
        }
        // 1: `dbname` may be a whole URL.
        return pointers(cNames, 0, []) { names in pointers(cValues, 0, []) { values in PQconnectdbParams(names, values, 1) } }
    }

    deinit {
        PQfinish(raw)
    }

    var isAlive: Bool { PQstatus(raw) == CONNECTION_OK }
    var serverVersion: Int32 { PQserverVersion(raw) }
    var socket: Int32 { PQsocket(raw) }

    func queue(_ sql: SQL) {
        queue(sql.text, PostgresParameters(sql.binds))
    }

    func queue(_ text: String, _ parameters: PostgresParameters) {
        var key = text
        for type in parameters.types { key += ",\(type)" }
        let name: String
        if let known = prepared[key] {
            name = known
        } else {
            nextName += 1
            name = "s\(nextName)"
            prepared[key] = name
            fresh.append(key)
            _ = parameters.types.withUnsafeBufferPointer { types in
                PQsendPrepare(raw, name, text, Int32(clamping: types.count), types.baseAddress)
            }
            expected.append(.preparation)
        }
        send(name, parameters)
        expected.append(.answer)
    }

    private func send(_ name: String, _ parameters: PostgresParameters) {
        let lengths = parameters.spans.map(\.length)
        let formats = [Int32](repeating: 1, count: lengths.count)
        parameters.bytes.withUnsafeBytes { buffer in
            // A value of no bytes still needs an address: without one it would be NULL.
            let somewhere = UnsafeRawPointer(bitPattern: 1)
            let base = buffer.baseAddress ?? somewhere
            let values = parameters.spans.map { span in
                span.length < 0 ? nil : base.map { ($0 + span.start).assumingMemoryBound(to: CChar.self) }
            }
            _ = PQsendQueryPrepared(raw, name, Int32(clamping: lengths.count), values, lengths, formats, 1)
        }
    }

    /// Sends what is queued and reads one answer for each statement. The first error is thrown once all are read.
    @discardableResult
    func sync() throws(DatabaseError) -> [PostgresAnswer] {
        let expected = expected
        self.expected = []
        var answers: [PostgresAnswer] = []
        answers.reserveCapacity(expected.count)
        var failure: DatabaseError?
        if PQpipelineSync(raw) != 1 { failure = disconnected() }
        if failure == nil {
            for kind in expected {
                do throws(DatabaseError) {
                    let answer = try readAnswer()
                    if case .answer = kind { answers.append(answer) }
                } catch {
                    failure = failure ?? error
                    if !isAlive { break }
                }
            }
        }
        if isAlive, failure.map({ !Self.isLoss($0) }) ?? true { readSync() }
        if let failure {
            for key in fresh { prepared[key] = nil }
            fresh = []
            guard isAlive, !Self.isLoss(failure) else {
                // The server may have said goodbye before the socket closes.
                abandon()
                throw disconnected(failure)
            }
            throw failure
        }
        fresh = []
        return answers
    }

    private static func isLoss(_ error: DatabaseError) -> Bool {
        if case .unavailable(.disconnected, _) = error { true } else { false }
    }

    private func readAnswer() throws(DatabaseError) -> PostgresAnswer {
        guard let result = nextResult() else { throw disconnected() }
        defer { PQclear(result) }
        let answer: PostgresAnswer
        defer { if isAlive { readEnd() } }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK:
            answer = PostgresAnswer(rows: try PostgresResult.rows(result), changed: Self.changedRows(result))
        case PGRES_COMMAND_OK:
            answer = PostgresAnswer(rows: [], changed: Self.changedRows(result))
        case PGRES_PIPELINE_ABORTED:
            throw .statement(code: "aborted", details: "an earlier statement failed")
        default:
            throw DatabaseError(postgres: result)
        }
        return answer
    }

    /// Each statement's results end with a NULL.
    private func readEnd() {
        while let rest = nextResult() { PQclear(rest) }
    }

    private func readSync() {
        guard let result = nextResult() else { return }
        PQclear(result)
    }

    /// `PQgetResult`, which waits for ever, with an end: nil and a closed connection once ``patience`` is over.
    private func nextResult() -> OpaquePointer? {
        while PQisBusy(raw) == 1 {
            var descriptor = pollfd(fd: PQsocket(raw), events: Int16(POLLIN), revents: 0)
            let ready = poll(&descriptor, 1, patience)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else {
                abandon()
                return nil
            }
            // At a loss `PQgetResult` gives the error.
            guard PQconsumeInput(raw) == 1 else { break }
        }
        return PQgetResult(raw)
    }

    private static func changedRows(_ result: OpaquePointer?) -> Int {
        PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
    }

    private func disconnected(_ error: DatabaseError? = nil) -> DatabaseError {
        if raw == nil { return .unavailable(.disconnected, details: error?.details ?? "no answer in time") }
        return .unavailable(.disconnected, details: error?.details ?? PQerrorMessage(raw).map { String(cString: $0) } ?? "connection lost")
    }

    // MARK: TransactionSession

    func run(_ sql: SQL) throws(DatabaseError) -> [Row] {
        queue(sql)
        return try sync().last?.rows ?? []
    }

    func execute(_ sql: SQL) throws(DatabaseError) -> Int {
        queue(sql)
        return try sync().last?.changed ?? 0
    }

    /// What may wait unread: more could fill both sides' buffers, and nobody would read any more.
    private static let mostWaiting = 256

    func enqueue(_ sql: SQL) throws(DatabaseError) {
        if expected.count >= Self.mostWaiting { try sync() }
        queue(sql)
    }

    func runAll(_ statements: [SQL]) throws(DatabaseError) -> [[Row]] {
        var all: [[Row]] = []
        all.reserveCapacity(statements.count)
        var rest = statements[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.mostWaiting)
            rest = rest.dropFirst(part.count)
            if expected.count >= Self.mostWaiting { try sync() }
            for statement in part { queue(statement) }
            // What was enqueued before has answers too.
            all += try sync().suffix(part.count).map(\.rows)
        }
        return all
    }

    /// Forgets every prepared statement when there are too many; only between transactions.
    func trimStatements() throws(DatabaseError) {
        guard prepared.count > Self.statementLimit else { return }
        _ = try run("DEALLOCATE ALL")
        prepared = [:]
    }

    /// Closes the connection at once, as a lost network would.
    func abandon() {
        PQfinish(raw)
        raw = nil
    }

    func rollback() {
        guard isAlive else { return }
        // Behind a statement that fails nothing is done any more, not even this.
        if !expected.isEmpty { _ = try? sync() }
        guard isAlive else { return }
        queue("ROLLBACK")
        _ = try? sync()
    }

    /// Reads what the server sent on its own accord.
    func takeNotifications() -> [(channel: String, payload: String)] {
        guard PQconsumeInput(raw) == 1 else { return [] }
        var taken: [(channel: String, payload: String)] = []
        while let notification = PQnotifies(raw) {
            defer { PQfreemem(notification) }
            guard let channel = notification.pointee.relname, let payload = notification.pointee.extra else { continue }
            taken.append((String(cString: channel), String(cString: payload)))
        }
        return taken
    }
}

/// One statement's answer.
struct PostgresAnswer {
    var rows: [Row]
    var changed: Int
}
