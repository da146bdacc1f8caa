import Core

/// How many values of a column each key has sealed.
public struct KeyCensus: Sendable, Hashable {
    /// `table.column`.
    public var column: String
    /// By the key's name.
    public var values: [String: Int64] = [:]
    /// Values that are no sealed values.
    public var damaged: Int64 = 0

    /// Counts all columns. Every page is a transaction of its own, so that this may run beside a busy server.
    public static func take(_ database: Database) async throws -> [KeyCensus] {
        var all: [KeyCensus] = []
        for column in SealedColumns.all { all.append(try await take(column, database)) }
        var store = KeyCensus(column: "rapport_meta.value")
        for name in Cipher.storeSecrets {
            let text = try await database.read { tx in try tx.run("SELECT value FROM rapport_meta WHERE key = \(name)").first?.text(0) }
            guard let text else { continue }
            if let bytes = Base64.decode(text), let (id, _) = Cipher.parse(SealedValue(bytes: bytes)) {
                store.values[id, default: 0] += 1
            } else {
                store.damaged += 1
            }
        }
        return all + [store]
    }

    private static let page = 2_000

    private static func take(_ column: SealedColumn, _ database: Database) async throws -> KeyCensus {
        var census = KeyCensus(column: column.name)
        var position: [String] = []
        while true {
            let rows = try await database.read { [position] tx in try column.rows(after: position, .name, limit: page, tx) }
            for row in rows {
                if let id = row.value.flatMap(Cipher.keyID) {
                    census.values[id, default: 0] += 1
                } else if row.isDamaged || row.value != nil {
                    census.damaged += 1
                }
            }
            guard rows.count == page, let last = rows.last else { return census }
            position = last.keys
        }
    }
}
