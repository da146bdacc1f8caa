import FoundationEssentials
import Storage

/// The encryption key beside a SQLite database, for those who configured none.
enum EncryptionKeyFile {
    static func path(beside database: String) -> String { database + ".key" }

    /// The key of this database. Makes the file when there is no database yet; a database without its key is an error,
    /// because a new key would not open what the old one sealed.
    static func keyRing(beside database: String) throws -> KeyRing {
        let path = path(beside: database)
        let files = FileManager.default
        if !files.fileExists(atPath: path), files.fileExists(atPath: database) {
            throw SettingsError(.encryptionKey, "the key file \(path) is missing; restore it from a backup, or set DB_ENCRYPTION_KEY")
        }
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        if !folder.isEmpty, !files.fileExists(atPath: folder) {
            do {
                try files.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw SettingsError(.databaseURL, "the folder \(folder) can not be made")
            }
        }
        return try KeyRing.loadOrGenerate(at: path).keys
    }
}
