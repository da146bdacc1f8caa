import TestSupport
import Testing

@testable import Storage

@Suite struct PostgresPlanTests {
    @Test("suppressions are looked up by address, also when the list was empty when the plan was made")
    func suppressions() async throws {
        try await Fixture.with(.postgresql) { f in
            var text = PostgresHotSQL.clients
            for (number, type) in [(1, "uuid"), (2, "text"), (3, "bytea"), (4, "bytea")] {
                text = text.split(separator: "$\(number)::\(type)[]", omittingEmptySubsequences: false).joined(
                    separator: "ARRAY[NULL]::\(type)[]")
            }
            let statement = SQL(stringLiteral: "EXPLAIN \(text)")
            let plan = try await f.database.write { tx in
                for setting in ["seqscan", "hashjoin", "mergejoin", "bitmapscan"] {
                    _ = try tx.run(SQL(stringLiteral: "SET LOCAL enable_\(setting) = off"))
                }
                return try tx.run(statement).map { try $0.text(0) }
            }
            #expect(plan.contains { $0.contains("Index Cond") && $0.contains("address_hash = ANY") })
            #expect(plan.contains { $0.contains("crm_clients_pkey") })
            #expect(plan.contains { $0.contains("crm_client_preferences_pkey") })
        }
    }
}
