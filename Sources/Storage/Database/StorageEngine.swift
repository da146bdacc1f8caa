import Core

/// What ``Database`` needs of an engine.
protocol StorageEngine: Sendable {
    var dialect: Dialect { get }
    var wakeUps: WakeUpHub { get }
    /// Rings when a transaction of this process left events for the businesses' endpoints.
    var eventWakeUps: WakeUpHub { get }
    /// Rings when a transaction of this process left ledger entries to be sealed.
    var ledgerWakeUps: WakeUpHub { get }
    var peers: PeerLine { get }
    var ciphers: CipherSlot { get }
    func read<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T
    func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T
    /// Hands a request to the group-commit writer.
    func submit(_ request: WriterRequest)
    var statistics: DatabaseStatistics { get }
    /// Empties files beside the database of what was overwritten or deleted in it.
    func removeRemnants() async throws
    func close() async
}

extension StorageEngine {
    func removeRemnants() async throws {}
}
