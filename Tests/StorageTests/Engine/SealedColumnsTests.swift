import Core
import Storage
import TestSupport
import Testing

@Suite("Sealed columns")
struct SealedColumnsTests {
    @Test("every column of bytes is sealed, or stands in the list of the others with its reason", arguments: TestEngine.allCases)
    func complete(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { test in
            let found = try await test.database.read { tx -> Set<String> in
                let rows =
                    switch tx.dialect {
                    case .sqlite:
                        try tx.run(
                            """
                            SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p
                            WHERE m.type = 'table' AND upper(p.type) LIKE '%BLOB%'
                            """)
                    case .postgresql:
                        try tx.run(
                            """
                            SELECT table_name::text, column_name::text FROM information_schema.columns
                            WHERE data_type = 'bytea' AND table_schema = current_schema()
                            """)
                    }
                return Set(try rows.map { "\(try $0.text(0)).\(try $0.text(1))" })
            }
            #expect(!found.isEmpty)
            let sealed = Set(SealedColumns.all.filter { $0.form == .bytes }.map(\.name))
            #expect(found.subtracting(sealed).subtracting(SealedColumns.others.keys) == [])
            #expect(sealed.subtracting(found) == [])
            #expect(Set(SealedColumns.others.keys).subtracting(found) == [])
            #expect(sealed.intersection(SealedColumns.others.keys) == [])
        }
    }

    @Test("every sealed column's keys are its table's whole primary key, in its order", arguments: TestEngine.allCases)
    func keys(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { test in
            for column in SealedColumns.all {
                let keys = try await test.database.read { tx -> [String] in
                    let rows =
                        switch tx.dialect {
                        case .sqlite: try tx.run("SELECT name FROM pragma_table_info(\(column.table)) WHERE pk > 0 ORDER BY pk")
                        case .postgresql:
                            try tx.run(
                                """
                                SELECT a.attname::text FROM pg_index i
                                CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
                                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                                WHERE i.indrelid = CAST(\(column.table) AS regclass) AND i.indisprimary ORDER BY k.n
                                """)
                        }
                    return try rows.map { try $0.text(0) }
                }
                #expect(column.keyNames == keys, "\(column.name)")
            }
        }
    }

    @Test("no two sealed values of the product share a place, but those that move with their seal")
    func places() throws {
        let (here, there) = (Fixture.business, UUIDv7(high: 7, low: 7))
        var places: [SealContext: String] = [:]
        for column in SealedColumns.all {
            for business in [here, there] {
                for row in ["a", "b"] {
                    let keys = column.keyNames.map { "\($0)-\(row)" }
                    let place = column.place(business: business, keys: keys)
                    if let other = places[place] {
                        #expect(Set([other, column.name]) == ["crm_webhook_endpoints.secret", "crm_webhook_endpoints.previous_secret"])
                    }
                    places[place] = column.name
                }
            }
        }
    }

    @Test("sealed text is told from text in the clear, whatever that begins with")
    func text() throws {
        let value = SealedValue(bytes: [1, 2] + Array("k1".utf8) + [UInt8](repeating: 9, count: 40))
        #expect(value.text.hasPrefix("\u{1}k1:"))
        #expect(try SealedValue.parsing(value.text) == value)
        #expect(try SealedValue.parsing("k1:abc") == nil)
        #expect(try SealedValue.parsing("") == nil)
        #expect(throws: DatabaseError.self) { try SealedValue.parsing("\u{1}k1:no base64!") }
        #expect(throws: DatabaseError.self) { try SealedValue.parsing("\u{1}") }
        #expect(SealedValue.plain("\u{1}\u{1}k1:abc") == "k1:abc")
        #expect(SealedValue.plain("plain") == "plain")
    }
}
