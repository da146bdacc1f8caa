import Core
import Storage
import Synchronization

@testable import Communications

/// A provider that answers as a test tells it to.
final class ScriptedTransport: Transport {
    /// What it does with a delivery.
    enum Answer: Sendable {
        /// Takes the message.
        case accept
        /// Renders it, then fails.
        case refuse(TransportFailure)
        /// Renders it and keeps the outcome back until ``conclude(_:)``.
        case begin
        /// Keeps the delivery back, not begun, until ``proceed()``.
        case hold
    }

    /// A message whose first byte has left.
    struct Message: Sendable {
        var id: CommunicationID
        var address: String
        var priority: Int
        var sender: String?
        var rendered: RenderedMessage
    }

    private struct State {
        var script: [Answer] = []
        var standing = Answer.accept
        var begun: [Message] = []
        var accepted: [CommunicationID] = []
        var held: [Delivery] = []
        var open: [Delivery] = []
        var withdrawn: [CommunicationID] = []
        var isStopped = false
    }

    let provider: String
    let isSandbox = false
    let capacity: Int
    let senders: [String]
    private let state = Mutex(State())

    init(_ provider: String, capacity: Int = 64, senders: [String] = []) {
        self.senders = senders
        self.provider = provider
        self.capacity = capacity
    }

    /// Messages whose first byte has left, in order, whatever became of them.
    var begun: [Message] { state.withLock { $0.begun } }
    /// Messages that the provider took, in order.
    var accepted: [CommunicationID] { state.withLock { $0.accepted } }
    /// Deliveries that were refused their first byte.
    var withdrawn: [CommunicationID] { state.withLock { $0.withdrawn } }
    /// Deliveries that it keeps back: not begun, or begun and without an outcome.
    var kept: Int { state.withLock { $0.held.count + $0.open.count } }

    /// The answers to the next deliveries, in order; after them everything is accepted.
    func script(_ answers: Answer...) { state.withLock { $0.script += answers } }

    /// The answer to every delivery that the script does not cover.
    func always(_ answer: Answer) { state.withLock { $0.standing = answer } }

    func send(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            let answer: Answer? = state.withLock { state in
                if state.isStopped { return nil }
                return state.script.isEmpty ? state.standing : state.script.removeFirst()
            }
            if let answer { answerTo(delivery, answer) } else { delivery.complete(.failure(.stopped)) }
        }
    }

    /// Lets the deliveries that were held begin now, and accepts them.
    func proceed() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for delivery in held { answerTo(delivery, .accept) }
    }

    /// Gives all deliveries that have begun their outcome.
    func conclude(_ outcome: Result<TransportReceipt, TransportFailure>) {
        let open = state.withLock { state in
            defer { state.open = [] }
            return state.open
        }
        for delivery in open { complete(delivery, outcome) }
    }

    func conclude() { conclude(.success(TransportReceipt(providerMessageID: "late", response: "OK"))) }

    func check() async -> String? { nil }

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Hands back what has not begun, and waits for what has.
    func stop(within duration: Duration) async {
        let held = state.withLock { state in
            state.isStopped = true
            defer { state.held = [] }
            return state.held
        }
        for delivery in held { delivery.complete(.failure(.stopped)) }
        let deadline = ContinuousClock.now.advanced(by: duration)
        while kept > 0, ContinuousClock.now < deadline { await Task.yield() }
    }

    private func answerTo(_ delivery: Delivery, _ answer: Answer) {
        if case .hold = answer {
            state.withLock { $0.held.append(delivery) }
            return
        }
        do {
            try delivery.begin()
            let message = Message(
                id: delivery.id, address: delivery.address, priority: delivery.priority, sender: delivery.sender,
                rendered: try delivery.render())
            state.withLock { $0.begun.append(message) }
        } catch {
            if error is Withdrawn { state.withLock { $0.withdrawn.append(delivery.id) } }
            return delivery.complete(.failure(TransportFailure(rendering: error)))
        }
        switch answer {
        case .accept: complete(delivery, .success(TransportReceipt(providerMessageID: "\(provider)-1", response: "250 OK")))
        case .refuse(let failure): complete(delivery, .failure(failure))
        case .begin: state.withLock { $0.open.append(delivery) }
        case .hold: break
        }
    }

    private func complete(_ delivery: Delivery, _ outcome: Result<TransportReceipt, TransportFailure>) {
        if case .success = outcome { state.withLock { $0.accepted.append(delivery.id) } }
        delivery.complete(outcome)
    }
}
