import Core
import Foundation
import Storage
import TestSupport
import Testing

@Suite("What stays in SQLite's files of rows that are gone")
struct RemnantsTests {
    private typealias World = QueryWorld
    private static let mark = "tag-that-only-one-person-has"

    private static func traces(_ url: String) throws -> [String] {
        let path = String(url.dropFirst("sqlite:".count))
        return try ["", "-wal"].filter { suffix in
            guard FileManager.default.fileExists(atPath: path + suffix) else { return false }
            return try Data(contentsOf: URL(fileURLWithPath: path + suffix)).range(of: Data(mark.utf8)) != nil
        }
    }

    @Test("an erased person's words are in neither file once the remnants are removed, and the store goes on")
    func erased() async throws {
        try await World.with(.sqlite) { world in
            try await world.put(World.client("ada", tags: [Self.mark]))
            #expect(try Self.traces(world.test.url) == ["-wal"])
            #expect(try await world.database.erase(World.id("ada"), business: World.ours))
            try await world.database.removeRemnants()
            #expect(try Self.traces(world.test.url) == [])
            try await world.put(World.client("ada", tags: [Self.mark]))
            #expect(try await world.database.read { tx in try tx.client(World.id("ada"), business: World.ours)?.tags } == [Self.mark])
        }
    }

    @Test("a store that was closed leaves no log with deleted rows")
    func closed() async throws {
        let url = try await TestDatabase.freshURL(.sqlite)
        let database = try await TestDatabase.open(url, clock: TestClock())
        try await database.migrate()
        _ = try await Cipher.open(database, keys: World.keyRing())
        try await database.write { tx in
            try tx.insertBusiness(World.business(World.ours))
            _ = try tx.putClient(World.client("ada", tags: [Self.mark]), business: World.ours)
        }
        try await database.erase(World.id("ada"), business: World.ours)
        await database.close()
        #expect(try Self.traces(url) == [])
        try FileManager.default.removeItem(atPath: (String(url.dropFirst("sqlite:".count)) as NSString).deletingLastPathComponent)
    }
}
