import Foundation
import Storage
import TestSupport
import Testing

/// Holds today's schema as text, so that a change of it is seen by whoever makes it: migrations are forward only, and one
/// that has been released is never edited.
@Suite("The schema")
struct SchemaTests {
    @Test("SQLite's tables, indexes and views are those of docs/schema/sqlite.sql")
    func sqlite() async throws {
        try await TestDatabase.with(.sqlite) { test in
            let found = try await test.database.read { tx in
                try tx.run(
                    """
                    SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type, name
                    """
                ).map { try $0.text(0) }
            }
            #expect(found.map { $0 + ";\n" }.joined(separator: "\n") == (try Self.document("sqlite.sql")))
        }
    }

    @Test("PostgreSQL's columns are those of docs/schema/postgresql.txt")
    func postgresql() async throws {
        try await TestDatabase.with(.postgresql) { test in
            let found = try await test.database.read { tx in
                try tx.run(
                    """
                    SELECT table_name || '.' || column_name || ' ' || COALESCE(domain_name, data_type)
                        || CASE WHEN is_nullable = 'NO' THEN ' NOT NULL' ELSE '' END
                    FROM information_schema.columns WHERE table_schema = current_schema()
                    ORDER BY table_name COLLATE "C", ordinal_position
                    """
                ).map { try $0.text(0) }
            }
            #expect(found.joined(separator: "\n") + "\n" == (try Self.document("postgresql.txt")))
        }
    }

    private static func document(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../docs/schema")
        return try String(contentsOf: root.appendingPathComponent(name).standardized, encoding: .utf8)
    }
}
