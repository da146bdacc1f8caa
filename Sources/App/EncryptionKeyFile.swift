import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The encryption key beside a SQLite database, for those who configured none.
enum EncryptionKeyFile {
    /// The key's text. Makes the file when there is no database yet; a database without its key is an error, because a
    /// new key would not open what the old one sealed.
    static func text(beside database: String) throws -> String {
        let path = database + ".key"
        if let data = FileManager.default.contents(atPath: path) {
            let text = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined()
            guard !text.isEmpty else { throw SettingsError(.encryptionKey, "the key file \(path) is empty; restore it from a backup") }
            return text
        }
        if FileManager.default.fileExists(atPath: path) {
            throw SettingsError(.encryptionKey, "the key file \(path) can not be read")
        }
        if FileManager.default.fileExists(atPath: database) {
            throw SettingsError(.encryptionKey, "the key file \(path) is missing; restore it from a backup, or set DB_ENCRYPTION_KEY")
        }
        return try make(at: path)
    }

    private static func make(at path: String) throws -> String {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        if !folder.isEmpty {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw SettingsError(.databaseURL, "the folder \(folder) can not be made")
            }
        }
        var generator = SystemRandomNumberGenerator()
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }).base64EncodedString()
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            // Another process was quicker: its key is the key.
            if errno == EEXIST, let data = FileManager.default.contents(atPath: path), !data.isEmpty {
                return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined()
            }
            throw SettingsError(.encryptionKey, "the key file \(path) can not be made")
        }
        defer { close(file) }
        let line = Array((key + "\n").utf8)
        // The key must outlive a power cut before anything is sealed with it: file first, then its entry in the folder.
        guard write(file, line, line.count) == line.count, fsync(file) == 0 else {
            unlink(path)
            throw SettingsError(.encryptionKey, "the key file \(path) can not be written")
        }
        let parent = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
        return key
    }
}
