import AsyncHTTPClient
import NIOCore
import Synchronization

/// HTTP clients that each connect one host name to one checked address only, kept while they are used.
///
/// The client is given the address in place of the name, so that nothing is resolved a second time; certificate, SNI and `Host` stay those
/// of the name.
final class PinnedClients: Sendable {
    struct Key: Hashable {
        var host: String
        var address: NetworkAddress
    }

    private struct Entry {
        var client: HTTPClient
        var users = 0
        var lastUsed: NIODeadline
    }

    private static let idleFor: TimeAmount = .seconds(90)
    private static let usualCount = 128

    private let make: @Sendable (Key) -> HTTPClient
    private let entries = Mutex<[Key: Entry]?>([:])

    init(make: @escaping @Sendable (Key) -> HTTPClient) {
        self.make = make
    }

    /// Nil after ``shutdown()``. To be given back with ``release(_:)``.
    func acquire(_ key: Key) -> HTTPClient? {
        let now = NIODeadline.now()
        let (client, unused) = entries.withLock { entries -> (HTTPClient?, [HTTPClient]) in
            guard var all = entries else { return (nil, []) }
            var entry = all[key] ?? Entry(client: make(key), lastUsed: now)
            entry.users += 1
            entry.lastUsed = now
            all[key] = entry
            let unused = Self.takeUnused(from: &all, now: now)
            entries = all
            return (entry.client, unused)
        }
        Self.close(unused)
        return client
    }

    func release(_ key: Key) {
        entries.withLock { entries in
            entries?[key]?.users -= 1
            entries?[key]?.lastUsed = .now()
        }
    }

    func shutdown() async {
        for client in takeAll() { try? await client.shutdown() }
    }

    deinit {
        Self.close(takeAll())
    }

    private func takeAll() -> [HTTPClient] {
        entries.withLock { entries in
            let clients = entries?.values.map(\.client) ?? []
            entries = nil
            return clients
        }
    }

    private static func takeUnused(from all: inout [Key: Entry], now: NIODeadline) -> [HTTPClient] {
        var unused: [HTTPClient] = []
        for (key, entry) in all where entry.users == 0 && now - entry.lastUsed > idleFor {
            unused.append(entry.client)
            all[key] = nil
        }
        while all.count > usualCount,
            let oldest = all.filter({ $0.value.users == 0 }).min(by: { $0.value.lastUsed < $1.value.lastUsed })
        {
            unused.append(oldest.value.client)
            all[oldest.key] = nil
        }
        return unused
    }

    private static func close(_ clients: [HTTPClient]) {
        guard !clients.isEmpty else { return }
        // Unused or without an owner any more: nobody is left who could wait for them.
        Task { for client in clients { try? await client.shutdown() } }
    }
}
