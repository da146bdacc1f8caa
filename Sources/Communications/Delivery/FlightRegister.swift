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
}

/// Every attempt in flight in this process: the last word on whether its first byte may leave.
final class FlightRegister: Sendable {
    private let flights = Mutex<[CommunicationID: Flight]>([:])

    var count: Int { flights.withLock { $0.count } }

    /// False when the communication is in flight already: its lease ran out while the store was away, and the claim that
    /// now brought it again must not send it twice.
    func enter(_ id: CommunicationID, _ flight: Flight) -> Bool {
        flights.withLock { flights in
            guard flights[id] == nil else { return false }
            flights[id] = flight
            return true
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
            for id in ids { flights[id] = nil }
        }
    }

    /// Stops what has not begun for this client on these channels, and names what has.
    func withdraw(business: BusinessID, client: ClientID, channels: ChannelSet) -> [CommunicationID] {
        flights.withLock { flights in
            var begun: [CommunicationID] = []
            for (id, flight) in flights where flight.clientID == client && flight.business == business && channels.contains(flight.channel) {
                if flight.begun { begun.append(id) } else { flights[id]?.withdrawn = true }
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
