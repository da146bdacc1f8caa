extension CacheStatistics.Server {
    /// Reads the lines `name:value` of `INFO`.
    init(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.utf8.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            fields[Substring(line[..<colon])] = Substring(line[line.index(after: colon)...])
        }
        self.init(
            version: fields["redis_version"].map { String($0.prefix(32)) }, usedMemory: fields["used_memory"].flatMap { Int($0) },
            connectedClients: fields["connected_clients"].flatMap { Int($0) },
            keyspaceHits: fields["keyspace_hits"].flatMap { Int($0) }, keyspaceMisses: fields["keyspace_misses"].flatMap { Int($0) },
            evictedKeys: fields["evicted_keys"].flatMap { Int($0) },
            maxMemoryPolicy: fields["maxmemory_policy"].map { String($0.prefix(32)) })
    }
}
