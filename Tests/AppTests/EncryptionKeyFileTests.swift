import Foundation
import Storage
import Testing

@testable import App

@Suite("Encryption key file")
struct EncryptionKeyFileTests {
    @Test("the first start makes a key of its own that only its owner can read; later starts find it")
    func made() throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/new/rapport.sqlite"
        _ = try EncryptionKeyFile.keyRing(beside: database)
        let key = try String(contentsOfFile: database + ".key", encoding: .utf8)
        _ = try EncryptionKeyFile.keyRing(beside: database)
        #expect(try String(contentsOfFile: database + ".key", encoding: .utf8) == key)
        let attributes = try FileManager.default.attributesOfItem(atPath: database + ".key")
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        _ = try EncryptionKeyFile.keyRing(beside: folder.path + "/other.sqlite")
        #expect(try String(contentsOfFile: folder.path + "/other.sqlite.key", encoding: .utf8) != key)
    }

    @Test("a database without its key stops the start: a new key would not open it")
    func missing() throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/rapport.sqlite"
        try Data("x".utf8).write(to: URL(filePath: database))
        #expect(throws: SettingsError.self) { try EncryptionKeyFile.keyRing(beside: database) }
        #expect(!FileManager.default.fileExists(atPath: database + ".key"))
        try Data("\n".utf8).write(to: URL(filePath: database + ".key"))
        #expect(throws: DatabaseError.self) { try EncryptionKeyFile.keyRing(beside: database) }
    }

    @Test(
        "what a database is called never holds a password",
        arguments: [
            ("postgresql://u:hunter2@db.example:5432/rapport", "PostgreSQL (db.example:5432/rapport)"),
            ("postgresql://u:hunt@er2@db.example/r?password=hunter2", "PostgreSQL (db.example/r)"),
            ("postgresql://db.example/r?user=u&password=hunter2", "PostgreSQL (db.example/r)"),
            ("postgres:///r?host=/run", "PostgreSQL (/r)"),
        ])
    func name(url: String, name: String) {
        #expect(Store.name(of: .postgresql(url: url)) == name)
    }
}
