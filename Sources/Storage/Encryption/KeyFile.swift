import Crypto
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension KeyRing {
    /// Reads the key file at `path`, or makes one with a new key: mode 0600, durable before it is used.
    ///
    /// - Returns: the keys, and whether the file was made now.
    /// - Throws: ``DatabaseError/misconfigured(_:)`` where the file can't be read, written or understood.
    public static func loadOrGenerate(at path: String) throws(DatabaseError) -> (keys: KeyRing, isNew: Bool) {
        if access(path, F_OK) == 0 { return (try load(at: path), false) }
        do throws(DatabaseError) {
            return (try generateFile(at: path), true)
        } catch {
            // Another process may have been first.
            if access(path, F_OK) == 0 { return (try load(at: path), false) }
            throw error
        }
    }

    /// Reads a file that ``generateFile(at:)`` made.
    public static func load(at path: String) throws(DatabaseError) -> KeyRing {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .misconfigured("DB_ENCRYPTION_KEY: the key file beside the database can not be read.") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & 0o027 == 0 else {
            throw .misconfigured("DB_ENCRYPTION_KEY: the key file \(path) can be read or written by others; set its mode to 0600.")
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).filter { !$0.isWhitespace }
        return try KeyRing(text: text, setting: "The key file beside the database")
    }

    /// Makes a key and stores it at `path`, which must not exist: complete or not at all, also in a power cut.
    public static func generateFile(at path: String) throws(DatabaseError) -> KeyRing {
        let key = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let text = "k1:\(Base64.encode(key))"
        let ring = try KeyRing(text: text)
        let draft = "\(path).\(UInt64.random(in: 0 ... .max)).new"
        defer { unlink(draft) }
        // `link` refuses an existing name, which a rename would replace: no key is ever lost to a second start.
        guard write(text + "\n", to: draft), link(draft, path) == 0, syncDirectory(of: path) else {
            throw .misconfigured("DB_ENCRYPTION_KEY: no key file could be written beside the database (error \(errno)).")
        }
        return ring
    }

    /// Puts this ring in the place of the key file: the old file or the new one is there, whole, at every moment.
    func replaceFile(at path: String) throws(DatabaseError) {
        let draft = "\(path).\(UInt64.random(in: 0 ... .max)).new"
        defer { unlink(draft) }
        guard Self.write(text + "\n", to: draft), rename(draft, path) == 0, Self.syncDirectory(of: path) else {
            throw .misconfigured("DB_ENCRYPTION_KEY: the key file beside the database can not be written (error \(errno)).")
        }
    }

    private static func write(_ text: String, to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        #if canImport(Glibc)
            let written = Glibc.write(descriptor, bytes, bytes.count)
        #elseif canImport(Musl)
            let written = Musl.write(descriptor, bytes, bytes.count)
        #else
            let written = Darwin.write(descriptor, bytes, bytes.count)
        #endif
        return written == bytes.count && fsync(descriptor) == 0
    }

    private static func syncDirectory(of path: String) -> Bool {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }
}
