import Core
import Storage

extension Database {
    /// Erases a client at once. False: nothing was known of them.
    @discardableResult
    public func erase(_ client: ClientID, business: BusinessID) async throws -> Bool {
        let begun = try await write { tx in try tx.beginErasure(of: client, business: business, by: .system) }
        guard let begun else { return false }
        return try await completeErasure(begun.id)?.status == .completed
    }
}
