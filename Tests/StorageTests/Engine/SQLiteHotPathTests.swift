import Core
import TestSupport
import Testing

@testable import Storage

@Suite struct SQLiteHotPathTests {
    @Test("no hot statement builds a b-tree of its own on SQLite", arguments: SQLiteHotStatement.allCases)
    func plans(_ statement: SQLiteHotStatement) async throws {
        try await TestDatabase.with(.sqlite) { test in
            let operations = try await test.database.read { tx in
                var sql = SQL(stringLiteral: "EXPLAIN " + statement.text)
                sql.binds = (1...30).filter { statement.text.contains("?\($0)") }.map { _ in .null }
                return try tx.run(sql).map { try $0.text(1) }
            }
            #expect(!operations.isEmpty)
            #expect(Set(operations).isDisjoint(with: ["OpenEphemeral", "OpenAutoindex", "SorterOpen"]))
        }
    }

    @Test("values are stored as they are, whether they fit a statement's buffer or not", arguments: [0, 1, 3_000, 5_000, 20_000])
    func values(_ length: Int) async throws {
        try await Fixture.with(.sqlite) { f in
            let context = Array(("\"" + String(repeating: "ä", count: length) + "\"").utf8)
            let note = String(repeating: "n", count: length)
            var ids: [CommunicationID] = []
            for _ in 0..<2 {
                let acceptance = f.acceptance { plan, _, _ in
                    plan.context = context
                    plan.errorMessage = note
                    plan.planID = "last"
                }
                ids.append(acceptance.id)
                _ = try await f.database.accept(acceptance)
            }
            for id in ids {
                let row = try await f.database.read { tx in
                    try tx.run(
                        """
                        SELECT context, error_message, plan_id, communication_id, client_id FROM crm_communications
                        WHERE communication_id = \(id)
                        """)[0]
                }
                #expect(try row.json(0) == context)
                #expect(try row.text(1) == note)
                #expect(try row.text(2) == "last")
                #expect(try row.uuid(3) == id)
                #expect(try row.text(4) == "ada")
            }
        }
    }
}
