import Core
import Synchronization

@testable import Communications

/// A delivery that notes what a transport does with it, in order.
final class DeliveryProbe: Sendable {
    private struct State {
        var steps: [String] = []
        var outcome: Result<TransportReceipt, TransportFailure>?
        var waiter: CheckedContinuation<Result<TransportReceipt, TransportFailure>, Never>?
        var completions = 0
    }

    static let id = CommunicationID(high: 0x0190_A3C4_1111_7ABC, low: 0x8DEF_0123_4567_89AB)

    private let state = Mutex(State())
    private let message: RenderedMessage
    private let begins: @Sendable (_ time: Int) -> Bool

    /// - Parameter begins: whether it may begin, by how many times it was asked before.
    init(_ message: RenderedMessage, begins: @escaping @Sendable (_ time: Int) -> Bool = { _ in true }) {
        self.message = message
        self.begins = begins
    }

    var steps: [String] { state.withLock { $0.steps } }
    var completions: Int { state.withLock { $0.completions } }

    func note(_ step: String) { state.withLock { $0.steps.append(step) } }

    func delivery(channel: Channel = .sms, address: String = "+15551230000", sender: String? = nil, lookUpSince: Timestamp? = nil)
        -> Delivery
    {
        Delivery(
            id: Self.id, business: Self.id, channel: channel, priority: 2, address: address, recipientName: "Ada", sender: sender,
            lookUpSince: lookUpSince,
            begin: { [self] in
                let before = state.withLock { state in
                    defer { state.steps.append("begin") }
                    return state.steps.count { $0 == "begin" }
                }
                guard begins(before) else { throw Withdrawn() }
            },
            render: { [self] in
                note("render")
                return message
            },
            complete: { [self] outcome in
                let waiter = state.withLock { state in
                    state.outcome = outcome
                    state.completions += 1
                    defer { state.waiter = nil }
                    return state.waiter
                }
                waiter?.resume(returning: outcome)
            })
    }

    /// How it ended, once it has.
    func outcome() async -> Result<TransportReceipt, TransportFailure> {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state in
                if state.outcome == nil { state.waiter = continuation }
                return state.outcome
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    func receipt() async -> TransportReceipt? { try? await outcome().get() }

    func failure() async -> TransportFailure? {
        guard case .failure(let failure) = await outcome() else { return nil }
        return failure
    }
}

extension RenderedMessage {
    static func text(_ text: String, attachments: [AttachmentUpload] = [], whatsApp: WhatsAppContent? = nil) -> RenderedMessage {
        RenderedMessage(subject: nil, text: text, html: nil, attachments: attachments, whatsApp: whatsApp)
    }
}
