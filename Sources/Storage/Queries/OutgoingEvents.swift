import Core

/// Events for the businesses' own endpoints, written in the transaction that makes them true.
extension Transaction {
    /// Queues an event for every endpoint of the business that wants it; nothing where there is none.
    public func emit(_ event: OutgoingEvent, business: BusinessID) throws(DatabaseError) {
    }
}
