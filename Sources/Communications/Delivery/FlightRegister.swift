import Core
import Storage
import Synchronization

/// An attempt that this process has begun and not yet recorded the end of.
struct Flight: Sendable {
    var business: BusinessID
    var clientID: ClientID
    var channel: Channel
    var leaseUntil: Timestamp
    /// Its first byte may have left.
    var begun = false
    /// It must not begin any more.
    var withdrawn = false
    /// How many ends are still to be recorded: more than one where the next attempt began before the one before had left.
    var entries = 1

    init(business: BusinessID, clientID: ClientID, channel: Channel, leaseUntil: Timestamp) {
        self.business = business
        self.clientID = clientID
        self.channel = channel
        self.leaseUntil = leaseUntil
    }
}

/// Every attempt in flight in this process: the last word on whether its first byte may leave.
///
/// An attempt enters inside the transaction that begins it. Whoever opts out commits before or after that transaction:
/// before, and its gate says no; after, and ``withdraw(business:client:channels:)`` finds the attempt here (promise P4).
final class FlightRegister: Sendable {
    private let flights = Mutex<[CommunicationID: Flight]>([:])

    var count: Int { flights.withLock { $0.count } }

    func contains(_ id: CommunicationID) -> Bool {
        flights.withLock { $0[id] != nil }
    }

    /// Each entry is undone by one ``leave(_:)``. An attempt that is still here has its end in the store already and only
    /// has not left yet: the store would not have given its communication out otherwise.
    func enter(_ id: CommunicationID, _ flight: Flight) {
        flights.withLock { flights in
            var flight = flight
            flight.entries += flights[id]?.entries ?? 0
            flights[id] = flight
        }
    }

    /// The moment before the first byte: true when it may leave now.
    func begin(_ id: CommunicationID) -> Bool {
        flights.withLock { flights in
            guard let flight = flights[id], !flight.withdrawn else { return false }
            flights[id]?.begun = true
            return true
        }
    }

    func hasBegun(_ id: CommunicationID) -> Bool {
        flights.withLock { $0[id]?.begun == true }
    }

    func leave(_ ids: [CommunicationID]) {
        flights.withLock { flights in
            for id in ids {
                guard let entries = flights[id]?.entries else { continue }
                if entries > 1 { flights[id]?.entries -= 1 } else { flights[id] = nil }
            }
        }
    }

    /// Stops what has not begun for this client on these channels, and names what has; that can not begin once more either.
    func withdraw(business: BusinessID, client: ClientID, channels: ChannelSet) -> [CommunicationID] {
        withdraw([ConsentChange(business: business, client: client, channels: channels)])
    }

    /// As ``withdraw(business:client:channels:)``, for many at once.
    func withdraw(_ changes: [ConsentChange]) -> [CommunicationID] {
        flights.withLock { flights in
            guard !flights.isEmpty else { return [] }
            var begun: [CommunicationID] = []
            for change in changes {
                for (id, flight) in flights
                where flight.clientID == change.client && flight.business == change.business && change.channels.contains(flight.channel) {
                    if flight.begun { begun.append(id) }
                    flights[id]?.withdrawn = true
                }
            }
            return begun
        }
    }

    /// Stops these unless they have begun; for leases that were lost to a successor.
    func withdraw(_ ids: [CommunicationID]) {
        flights.withLock { flights in
            for id in ids where flights[id]?.begun == false { flights[id]?.withdrawn = true }
        }
    }

    /// Stops everything that has not begun.
    func withdrawUnbegun() {
        flights.withLock { flights in
            for (id, flight) in flights where !flight.begun { flights[id]?.withdrawn = true }
        }
    }

    /// Returns once none of these is in flight any more, at the latest after `patience`.
    func settled(_ ids: [CommunicationID], within patience: Duration) async {
        let deadline = ContinuousClock.now.advanced(by: patience)
        while !ids.isEmpty, contains(any: ids), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    func contains(any ids: [CommunicationID]) -> Bool {
        flights.withLock { flights in ids.contains { flights[$0] != nil } }
    }

    /// Those whose lease ends before `moment`.
    func leasesEnding(before moment: Timestamp) -> [CommunicationID] {
        flights.withLock { flights in
            flights.compactMap { $0.value.leaseUntil < moment ? $0.key : nil }
        }
    }

    func extend(_ ids: [CommunicationID], until: Timestamp) {
        flights.withLock { flights in
            for id in ids { flights[id]?.leaseUntil = until }
        }
    }
}
