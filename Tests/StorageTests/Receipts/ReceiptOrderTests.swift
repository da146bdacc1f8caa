import Core
import TestSupport
import Testing

@testable import Storage

/// Promise P6 on the stores: any order, any repetition, one end.
@Suite struct ReceiptOrderTests {
    struct Words: Sendable, CustomTestStringConvertible {
        var name: String
        var provider: String
        /// The provider's word, what it means, and whether its failure may pass.
        var words: [(word: String, event: StatusEvent?, category: ErrorCategory)]
        var fallbacks: [Channel] = []
        var end: CommunicationStatus

        var testDescription: String { name }
    }

    static let sets: [Words] = [
        Words(
            name: "Twilio, delivered and read", provider: "twilio",
            words: [
                ("queued", nil, .permanent), ("sending", nil, .permanent), ("sent", .sent, .permanent),
                ("delivered", .delivered, .permanent),
                ("read", .opened, .permanent),
            ], end: .opened),
        Words(
            name: "Twilio, contradictory, nothing left", provider: "twilio",
            words: [
                ("sent", .sent, .permanent), ("delivered", .delivered, .permanent), ("undelivered", .bounced, .permanent),
                ("failed", .bounced, .transient), ("read", .opened, .permanent),
            ], end: .bounced),
        Words(
            name: "Twilio, contradictory, with a fallback", provider: "twilio",
            words: [
                ("sent", .sent, .permanent), ("delivered", .delivered, .permanent), ("undelivered", .bounced, .permanent),
                ("failed", .bounced, .transient), ("canceled", .bounced, .permanent),
            ], fallbacks: [.whatsapp], end: .delivered),
        Words(
            name: "Twilio, undelivered, with a fallback", provider: "twilio",
            words: [
                ("queued", nil, .permanent), ("sent", .sent, .permanent), ("undelivered", .bounced, .permanent),
                ("failed", .bounced, .transient), ("failed", .bounced, .permanent),
            ], fallbacks: [.whatsapp], end: .queued),
        Words(
            name: "WhatsApp, read", provider: "whatsapp",
            words: [
                ("sent", .sent, .permanent), ("delivered", .delivered, .permanent), ("read", .opened, .permanent),
                ("deleted", nil, .permanent),
                ("failed", .bounced, .transient),
            ], fallbacks: [.sms], end: .opened),
        Words(
            name: "WhatsApp, failed at last", provider: "whatsapp",
            words: [
                ("sent", .sent, .permanent), ("delivered", .delivered, .permanent), ("read", .opened, .permanent),
                ("warning", nil, .permanent),
                ("failed", .bounced, .permanent),
            ], end: .bounced),
    ]

    static func permutations(_ count: Int) -> [[Int]] {
        guard count > 1 else { return [[0]] }
        return permutations(count - 1).flatMap { shorter in
            (0...shorter.count).map { position in
                var order = shorter
                order.insert(count - 1, at: position)
                return order
            }
        }
    }

    @Test("120 orders of five words, each with and without repetitions, end in one state", arguments: TestEngine.allCases, sets)
    func orders(_ engine: TestEngine, _ set: Words) async throws {
        try await ReceiptWorld.with(engine) { w in
            let channel: Channel = set.provider == "twilio" ? .sms : .whatsapp
            let orders = Self.permutations(set.words.count)
            #expect(orders.count == 120)
            var ids: [CommunicationID] = []
            for number in 0..<(orders.count * 2) {
                ids.append(try await w.accept(channel, fallbacks: set.fallbacks, client: "client-\(number)"))
                try await w.send("message-\(number)", on: channel, provider: set.provider)
            }
            // Each message hears its own order; one word of every message in a round, as an intake would bring them.
            for step in 0..<(set.words.count * 2) {
                var events: [ProviderEvent] = []
                for number in ids.indices {
                    let order = orders[number % orders.count]
                    let repeats = number >= orders.count
                    guard repeats || step < order.count else { continue }
                    let (word, event, category) = set.words[order[step % order.count]]
                    let told = w.event(word, event, of: "message-\(number)", provider: set.provider, category: category)
                    events += repeats && step.isMultiple(of: 3) ? [told, told] : [told]
                }
                try await w.tell(events)
            }
            var ends: Set<ReceiptWorld.Standing> = []
            for id in ids { ends.insert(try await w.standing(id)) }
            #expect(ends.count == 1, "\(ends)")
            #expect(ends.first?.status == set.end)
            #expect((ends.first?.queued != nil) == (set.end == .queued))
        }
    }

    @Test("720 orders of six words end in one state", arguments: TestEngine.allCases)
    func sixWords(_ engine: TestEngine) async throws {
        let words: [(String, StatusEvent?, ErrorCategory)] = [
            ("sent", .sent, .permanent), ("delivered", .delivered, .permanent), ("undelivered", .bounced, .permanent),
            ("failed", .bounced, .transient), ("read", .opened, .permanent), ("queued", nil, .permanent),
        ]
        try await ReceiptWorld.with(engine) { w in
            var ends: Set<ReceiptWorld.Standing> = []
            let orders = Self.permutations(6)
            var ids: [CommunicationID] = []
            for number in orders.indices {
                ids.append(try await w.accept(fallbacks: [.whatsapp], client: "client-\(number)"))
                try await w.send("message-\(number)")
            }
            for step in 0..<6 {
                try await w.tell(
                    orders.enumerated().map { number, order in
                        let (word, event, category) = words[order[step]]
                        return w.event(word, event, of: "message-\(number)", category: category)
                    })
            }
            for id in ids { ends.insert(try await w.standing(id)) }
            #expect(ends == [.init(status: .opened, channel: "sms", fallbacks: "whatsapp", queued: nil)])
        }
    }
}
