import Core
import Testing

@Suite("The status machine")
struct StatusMachineTests {
    private static let provider = StatusEvent.allCases.filter(\.isFromProvider)

    private static func final(_ events: [StatusEvent], from start: CommunicationStatus) -> CommunicationStatus {
        events.reduce(start) { StatusMachine.apply($1, to: $0).status }
    }

    /// Every list of up to five provider events, repeats included: each order of each of them is among these.
    private static let lists: [[StatusEvent]] = {
        var all: [[StatusEvent]] = [[]]
        var longest: [[StatusEvent]] = [[]]
        for _ in 0..<5 {
            longest = longest.flatMap { list in provider.map { list + [$0] } }
            all += longest
        }
        return all
    }()

    @Test(
        "provider events in any order, repeated or not, give one final status",
        arguments: [CommunicationStatus.pending, .queued, .sending, .sent])
    func orderDoesNotMatter(start: CommunicationStatus) {
        let ascending: [(StatusEvent, CommunicationStatus)] = [
            (.bounced, .bounced), (.clicked, .clicked), (.opened, .opened), (.delivered, .delivered), (.sent, .sent),
        ]
        #expect(Self.lists.count == 1 + 6 + 36 + 216 + 1296 + 7776)
        for list in Self.lists {
            let expected = ascending.first { list.contains($0.0) }?.1 ?? start
            #expect(Self.final(list, from: start) == expected)
        }
    }

    @Test("provider events never leave an end", arguments: [CommunicationStatus.failed, .suppressed, .cancelled, .bounced])
    func ends(end: CommunicationStatus) {
        for list in Self.lists where list.count <= 3 { #expect(Self.final(list, from: end) == end) }
    }

    @Test("the recorded times do not depend on the order of the events")
    func stampsDoNotDependOnOrder() {
        func stamps(_ events: [(StatusEvent, Int)]) -> [UInt8: Int] {
            var status = CommunicationStatus.sending
            var times: [UInt8: Int] = [:]
            for (event, time) in events {
                let change = StatusMachine.apply(event, to: status)
                status = change.status
                for stamp in [StatusStamps.sentAt, .deliveredAt, .openedAt, .clickedAt, .failedAt] where change.stamps.contains(stamp) {
                    times[stamp.rawValue] = min(times[stamp.rawValue] ?? time, time)
                }
            }
            return times
        }
        let events: [(StatusEvent, Int)] = [(.sent, 1), (.delivered, 2), (.opened, 3), (.clicked, 4), (.opened, 9), (.bounced, 5)]
        let expected = [StatusStamps.sentAt: 1, .deliveredAt: 2, .openedAt: 3, .clickedAt: 4, .failedAt: 5]
        func permute(_ rest: [(StatusEvent, Int)], _ taken: [(StatusEvent, Int)]) {
            if rest.isEmpty { #expect(stamps(taken) == Dictionary(uniqueKeysWithValues: expected.map { ($0.key.rawValue, $0.value) })) }
            for index in rest.indices {
                var others = rest
                let next = others.remove(at: index)
                permute(others, taken + [next])
            }
        }
        permute(events, [])
    }

    @Test("an open without a delivery report counts as delivered")
    func openImpliesDelivery() {
        let change = StatusMachine.apply(.opened, to: .sent)
        #expect(change == StatusChange(status: .opened, accepted: true, stamps: [.sentAt, .deliveredAt, .openedAt]))
    }

    @Test(
        "the engine's own events",
        arguments: [
            (.due, .pending, .queued), (.claimed, .queued, .sending), (.claimed, .pending, .sending), (.deferred, .sending, .pending),
            (.released, .sending, .queued), (.retryScheduled, .sending, .pending), (.failed, .sending, .failed),
            (.suppressed, .sending, .suppressed), (.suppressed, .pending, .suppressed), (.cancelled, .pending, .cancelled),
            (.cancelled, .queued, .cancelled), (.retried, .failed, .queued), (.sent, .sending, .sent),
        ] as [(StatusEvent, CommunicationStatus, CommunicationStatus)])
    func own(event: StatusEvent, from: CommunicationStatus, to: CommunicationStatus) {
        let change = StatusMachine.apply(event, to: from)
        #expect(change.status == to && change.accepted)
    }

    @Test("events without a place change nothing: a late cancel, a retry of what did not fail, an outcome after the end")
    func refused() {
        let settled = CommunicationStatus.allCases.filter(StatusMachine.isSettled)
        #expect(Set(settled) == [.sent, .delivered, .opened, .clicked, .failed, .bounced, .suppressed, .cancelled])
        for status in settled {
            for event in StatusEvent.allCases where !event.isFromProvider && !(event == .retried && status == .failed) {
                #expect(StatusMachine.apply(event, to: status) == StatusChange(status: status, accepted: false))
            }
        }
        #expect(!StatusMachine.apply(.cancelled, to: .sending).accepted)
        #expect(!StatusMachine.apply(.claimed, to: .sending).accepted)
        #expect(!StatusMachine.apply(.retried, to: .pending).accepted)
    }
}
