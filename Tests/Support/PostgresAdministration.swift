import CPQ
import Dispatch

/// Single statements outside of any transaction, for tests that need what a transaction can't do.
public enum PostgresAdministration {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    /// Runs `statement`; returns the first column of its first row.
    @discardableResult
    public static func run(_ statement: String, at url: String) async throws -> String? {
        // libpq blocks: never on the cooperative pool.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try runBlocking(statement, at: url) })
            }
        }
    }

    private static func runBlocking(_ statement: String, at url: String) throws -> String? {
        let connection = PQconnectdb(url)
        defer { PQfinish(connection) }
        let result = PQexec(connection, statement)
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK: return nil
        case PGRES_TUPLES_OK: return PQntuples(result) > 0 ? PQgetvalue(result, 0, 0).map { String(cString: $0) } : nil
        default: throw Failure(description: PQerrorMessage(connection).map { String(cString: $0) } ?? "no connection")
        }
    }
}
