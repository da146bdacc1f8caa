import NIOCore

/// Mails that wait for a connection: lower priority number first, in order of arrival within one priority.
struct MailQueue {
    struct Waiting {
        let mail: OutgoingMail
        let since: NIODeadline
    }

    private struct Lane {
        let priority: Int
        var mails: CircularBuffer<Waiting>
    }

    /// In ascending order of priority; few in practice, and kept when empty.
    private var lanes: [Lane] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// How long the longest waiting mail has been here; nil when none waits.
    var oldest: NIODeadline? { lanes.compactMap { $0.mails.first?.since }.min() }

    mutating func append(_ mail: OutgoingMail, at now: NIODeadline) {
        count += 1
        let waiting = Waiting(mail: mail, since: now)
        let position = lanes.firstIndex { $0.priority >= mail.priority } ?? lanes.endIndex
        if lanes.indices.contains(position), lanes[position].priority == mail.priority {
            lanes[position].mails.append(waiting)
            return
        }
        // Priorities may come from anywhere: empty lanes do not pile up.
        if lanes.count >= 64 { lanes.removeAll { $0.mails.isEmpty } }
        let place = lanes.firstIndex { $0.priority >= mail.priority } ?? lanes.endIndex
        var mails = CircularBuffer<Waiting>(initialCapacity: 16)
        mails.append(waiting)
        lanes.insert(Lane(priority: mail.priority, mails: mails), at: place)
    }

    mutating func popFirst() -> OutgoingMail? {
        guard count > 0 else { return nil }
        for index in lanes.indices {
            if let waiting = lanes[index].mails.popFirst() {
                count -= 1
                return waiting.mail
            }
        }
        return nil
    }

    /// Removes the mails that have waited since before the given time.
    mutating func removeAll(waitingSince limit: NIODeadline) -> [OutgoingMail] {
        var removed: [OutgoingMail] = []
        for index in lanes.indices {
            while let first = lanes[index].mails.first, first.since <= limit {
                lanes[index].mails.removeFirst()
                removed.append(first.mail)
            }
        }
        count -= removed.count
        return removed
    }

    mutating func removeAll() -> [OutgoingMail] {
        let removed = lanes.flatMap { $0.mails.map(\.mail) }
        lanes = []
        count = 0
        return removed
    }
}
