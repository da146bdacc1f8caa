#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Keeps a second process away from a SQLite file: `flock` on a file beside it, which the kernel releases when its
/// owner dies, however it dies.
final class ProcessLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``DatabaseError/lockedByAnotherProcess(path:)``, or ``DatabaseError/misconfigured(_:)`` where the file can't be made.
    init(path: String) throws(DatabaseError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .misconfigured("DATABASE_URL: the directory of the SQLite file can not be written to (error \(errno)).")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .lockedByAnotherProcess(path: path)
        }
        self.descriptor = descriptor
    }

    func release() {
        flock(descriptor, LOCK_UN)
    }

    deinit {
        close(descriptor)
    }
}
