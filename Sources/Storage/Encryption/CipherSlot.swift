import Synchronization

/// Where an engine finds the cipher. A database is opened before its keys can be proved, so it is handed in afterwards.
final class CipherSlot: Sendable {
    private let held = Mutex<Cipher?>(nil)

    var cipher: Cipher? { held.withLock { $0 } }

    func adopt(_ cipher: Cipher) {
        held.withLock { $0 = cipher }
    }
}
