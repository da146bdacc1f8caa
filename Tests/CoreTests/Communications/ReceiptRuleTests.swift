import Core
import Testing

@Suite struct ReceiptRuleTests {
    /// A communication with one message at a provider, as far as receipts can move it. No further attempt begins by itself.
    private struct Model: Hashable {
        var status = CommunicationStatus.sent
        var queue = ReceiptState.Queue.empty
        var fallback: Channel?
        var stamps: StatusStamps = .sentAt

        mutating func take(_ event: Told) {
            let decision = ReceiptRule.decide(
                event.event,
                ReceiptState(
                    status: status, message: .newest, queue: queue, retryAt: event.isTransient ? Timestamp(milliseconds: 1) : nil,
                    fallback: fallback))
            status = decision.status
            stamps.formUnion(decision.stamps)
            switch decision.step {
            case .none: break
            case .cancelWaiting: queue = .empty
            case .retry: queue = .retryWaits
            case .fallback: queue = .fallbackWaits
            case .later: Issue.record("nothing is on its way")
            }
        }
    }

    private struct Told: Hashable {
        var event: ReceiptEvent
        var isTransient = false

        static let sent = Told(event: .told(.sent))
        static let delivered = Told(event: .told(.delivered))
        static let opened = Told(event: .told(.opened))
        static let clicked = Told(event: .told(.clicked))
        static let undelivered = Told(event: .told(.bounced))
        static let unreachable = Told(event: .told(.bounced), isTransient: true)
        static let overdue = Told(event: .overdue)
        static let all = [sent, delivered, opened, clicked, undelivered, unreachable, overdue]
    }

    private static func permutations(_ list: [Told]) -> [[Told]] {
        guard list.count > 1 else { return [list] }
        return list.indices.flatMap { index in
            var rest = list
            let first = rest.remove(at: index)
            return permutations(rest).map { [first] + $0 }
        }
    }

    @Test("every order of every set of events, with any of them repeated, ends in one state", arguments: [nil, Channel.whatsapp])
    func anyOrder(fallback: Channel?) {
        for mask in 1..<(1 << Told.all.count) {
            let set = Told.all.indices.filter { mask >> $0 & 1 == 1 }.map { Told.all[$0] }
            guard set.count <= 6 else { continue }
            var ends: Set<Model> = []
            for order in Self.permutations(set) {
                var (once, twice, echoed) = (Model(fallback: fallback), Model(fallback: fallback), Model(fallback: fallback))
                for event in order {
                    once.take(event)
                    twice.take(event)
                    twice.take(event)
                    echoed.take(event)
                }
                for event in order { echoed.take(event) }
                ends.formUnion([once, twice, echoed])
            }
            #expect(ends.count == 1, "\(set): \(ends)")
            guard let end = ends.first else { continue }
            // What stays in the queue is what the status says.
            #expect((end.queue != .empty) == (end.status == .pending || end.status == .queued), "\(set): \(end)")
        }
    }

    @Test("contradictory words end as the rule says, with and without another way")
    func contradictions() {
        func end(_ events: [Told], _ fallback: Channel?) -> CommunicationStatus {
            var model = Model(fallback: fallback)
            for event in events { model.take(event) }
            return model.status
        }
        #expect(end([.undelivered, .delivered], nil) == .bounced)
        #expect(end([.delivered, .undelivered], nil) == .bounced)
        #expect(end([.undelivered, .delivered], .sms) == .delivered)
        #expect(end([.delivered, .undelivered], .sms) == .delivered)
        #expect(end([.unreachable], nil) == .pending)
        #expect(end([.unreachable, .undelivered], nil) == .bounced)
        #expect(end([.unreachable, .undelivered], .sms) == .queued)
        #expect(end([.unreachable, .opened], nil) == .opened)
        #expect(end([.overdue], nil) == .sent)
        #expect(end([.overdue], .sms) == .queued)
        #expect(end([.overdue, .sent], .sms) == .queued)
        #expect(end([.overdue, .delivered], .sms) == .delivered)
        #expect(end([.delivered, .overdue], .sms) == .delivered)
    }

    private func decide(
        _ event: StatusEvent, _ status: CommunicationStatus, _ message: ReceiptState.Message, _ queue: ReceiptState.Queue,
        fallback: Channel? = .sms
    ) -> ReceiptDecision {
        ReceiptRule.decide(.told(event), ReceiptState(status: status, message: message, queue: queue, fallback: fallback))
    }

    @Test("a failure of an earlier message, or one that was acted on, changes nothing")
    func actedOn() {
        for status in [CommunicationStatus.pending, .queued, .sending, .sent, .delivered] {
            for queue in ReceiptState.Queue.allCases {
                #expect(decide(.bounced, status, .earlier, queue) == ReceiptDecision(status: status))
            }
        }
        for queue in [ReceiptState.Queue.fallbackWaits, .laterWaits, .running] {
            #expect(decide(.bounced, .queued, .newest, queue) == ReceiptDecision(status: .queued))
            #expect(decide(.bounced, .queued, .newest, queue, fallback: nil) == ReceiptDecision(status: .queued))
        }
    }

    @Test("the failure of a message whose attempt is not recorded yet is asked about again later")
    func later() {
        #expect(decide(.bounced, .sending, .unrecorded, .ownRunning).step == .later)
        #expect(decide(.bounced, .sent, .newest, .ownRunning).step == .later)
        #expect(decide(.bounced, .sent, .newest, .busy).step == .later)
    }

    @Test("word of arrival cancels what has not begun and leaves alone what has")
    func arrival() {
        for event in [StatusEvent.delivered, .opened, .clicked] {
            for message in ReceiptState.Message.allCases {
                for queue in [ReceiptState.Queue.retryWaits, .fallbackWaits, .laterWaits] {
                    #expect(decide(event, .queued, message, queue).step == .cancelWaiting)
                }
                for queue in [ReceiptState.Queue.running, .ownRunning, .busy, .empty] {
                    #expect(decide(event, .sending, message, queue).step == .none)
                }
                #expect(decide(event, .sending, message, .running).status.rawValue == event.rawValue)
            }
        }
    }

    @Test("a provider that has a message of unknown outcome settles it; about a recorded one the same word is no news")
    func taken() {
        #expect(decide(.sent, .pending, .unrecorded, .retryWaits) == ReceiptDecision(status: .sent, stamps: .sentAt, step: .cancelWaiting))
        #expect(decide(.sent, .sending, .unrecorded, .ownRunning) == ReceiptDecision(status: .sent, stamps: .sentAt))
        #expect(decide(.sent, .queued, .newest, .fallbackWaits) == ReceiptDecision(status: .queued, stamps: .sentAt))
        #expect(decide(.sent, .pending, .newest, .retryWaits) == ReceiptDecision(status: .pending, stamps: .sentAt))
    }

    @Test("ends of our own are left by nothing that a provider tells")
    func ends() {
        for status in [CommunicationStatus.failed, .suppressed, .cancelled] {
            for event in StatusEvent.allCases where event.isFromProvider {
                for message in ReceiptState.Message.allCases {
                    let decision = decide(event, status, message, .empty)
                    #expect(decision.status == status)
                    #expect(decision.step == .none)
                }
            }
            #expect(
                ReceiptRule.decide(.overdue, ReceiptState(status: status, message: .newest, queue: .empty, fallback: .sms)).step == .none)
        }
    }

    @Test("silence starts the next channel only for what was sent, or waits to be tried again on the same one")
    func silence() {
        for status in CommunicationStatus.allCases {
            for message in ReceiptState.Message.allCases {
                for queue in ReceiptState.Queue.allCases {
                    let state = ReceiptState(status: status, message: message, queue: queue, fallback: .whatsapp)
                    let isOpen = [CommunicationStatus.pending, .queued, .sending].contains(status)
                    let starts = message == .newest && (status == .sent && queue == .empty || isOpen && queue == .retryWaits)
                    let expected =
                        starts ? ReceiptDecision(status: .queued, step: .fallback(.whatsapp)) : ReceiptDecision(status: status)
                    #expect(ReceiptRule.decide(.overdue, state) == expected)
                }
            }
        }
    }
}
