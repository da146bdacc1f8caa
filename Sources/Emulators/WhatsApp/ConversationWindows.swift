import Core
import Synchronization

/// When each person last wrote: for 24 hours after it, free text reaches them.
final class ConversationWindows: Sendable {
    private struct Pair: Hashable {
        var phoneNumberID: String
        var person: String
    }

    private static let limit = 100_000
    private let latest = Mutex<[Pair: Timestamp]>([:])

    func open(_ phoneNumberID: String, _ person: String, at now: Timestamp) {
        latest.withLock { latest in
            if latest.count >= Self.limit { latest.removeAll() }
            latest[Pair(phoneNumberID: phoneNumberID, person: person)] = now
        }
    }

    func isOpen(_ phoneNumberID: String, _ person: String, at now: Timestamp) -> Bool {
        latest.withLock { latest in
            latest[Pair(phoneNumberID: phoneNumberID, person: person)].map { now < $0.adding(seconds: 86_400) } ?? false
        }
    }

    func reset() {
        latest.withLock { $0 = [:] }
    }
}
