/// Where a statement's small values stay while it runs, so that SQLite need not copy each into memory of its own.
///
/// The bytes hold from one binding of the statement to the next; a statement is always bound whole before it runs.
final class SQLiteBindBuffer {
    private let memory: UnsafeMutableBufferPointer<UInt8>
    private var used = 0

    init(capacity: Int) {
        memory = .allocate(capacity: capacity)
    }

    deinit {
        memory.deallocate()
    }

    func removeAll() {
        used = 0
    }

    /// Room for `count` bytes; nil when the buffer is full.
    func reserve(_ count: Int) -> UnsafeMutableBufferPointer<UInt8>? {
        guard count <= memory.count - used else { return nil }
        defer { used += count }
        return UnsafeMutableBufferPointer(rebasing: memory[used..<used + count])
    }
}
