import Synchronization

/// Files that were uploaded, as far as they fit.
final class MediaShelf: Sendable {
    struct File: Sendable {
        var id: String
        var mediaType: String
        var name: String?
        var sha256: String
        var content: [UInt8]
    }

    /// Bytes kept; the oldest files make room.
    private static let limit = 128 << 20
    private let files = Mutex<[File]>([])

    func keep(_ file: File) {
        files.withLock { files in
            files.append(file)
            var size = files.reduce(0) { $0 + $1.content.count }
            while size > Self.limit, files.count > 1 { size -= files.removeFirst().content.count }
        }
    }

    func file(_ id: String) -> File? {
        files.withLock { $0.first { $0.id == id } }
    }

    func remove(_ id: String) -> Bool {
        files.withLock { files in
            guard let index = files.firstIndex(where: { $0.id == id }) else { return false }
            files.remove(at: index)
            return true
        }
    }

    func reset() {
        files.withLock { $0 = [] }
    }
}
