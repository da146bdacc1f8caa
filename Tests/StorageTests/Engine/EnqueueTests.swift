import Core
import TestSupport
import Testing

@testable import Storage

@Suite("Statements that travel together", .timeLimit(.minutes(5)))
struct EnqueueTests {
    private static func put(_ key: String) -> SQL { "INSERT INTO rapport_meta (key, value) VALUES (\(key), 'x')" }

    private static func keys(_ database: Database) async throws -> [String] {
        try await database.read { tx in
            try tx.run("SELECT key FROM rapport_meta WHERE value = 'x' ORDER BY key").map { try $0.text(0) }
        }
    }

    @Test("they are done in order, and rows come from the statement that was run", arguments: TestEngine.allCases)
    func order(engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { store in
            let (seen, all) = try await store.database.write { tx in
                // More than may wait at once.
                for number in 0..<600 { try tx.enqueue(Self.put("k\(1_000 + number)")) }
                let seen = try tx.run("SELECT COUNT(*) FROM rapport_meta WHERE value = 'x'")[0].int(0)
                try tx.enqueue(Self.put("z"))
                let all = try tx.runAll((0..<600).map { number in "SELECT value FROM rapport_meta WHERE key = \("k\(1_000 + number)")" })
                return (seen, all.map(\.count))
            }
            #expect(seen == 600)
            #expect(all == Array(repeating: 1, count: 600))
            #expect(try await Self.keys(store.database).count == 601)
        }
    }

    @Test("an error of one of them fails the transaction, and nothing of it is kept", arguments: TestEngine.allCases)
    func error(engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { store in
            let database = store.database
            await #expect(throws: DatabaseError.self) {
                try await database.write { tx in
                    try tx.enqueue(Self.put("a"))
                    try tx.enqueue(Self.put("a"))
                }
            }
            let kept = try await Self.keys(database)
            #expect(kept == [])
        }
    }

    @Test("a closure that gives up behind a failed one leaves nothing, and the connection serves again", arguments: TestEngine.allCases)
    func givesUp(engine: TestEngine) async throws {
        struct GivesUp: Error {}
        try await TestDatabase.with(engine) { store in
            let database = store.database
            for _ in 0..<8 {
                await #expect(throws: (any Error).self) {
                    try await database.write { tx in
                        try tx.enqueue(Self.put("a"))
                        try tx.enqueue(Self.put("a"))
                        throw GivesUp()
                    }
                }
            }
            try await database.write { tx in try tx.enqueue(Self.put("b")) }
            let kept = try await Self.keys(database)
            #expect(kept == ["b"])
        }
    }
}
