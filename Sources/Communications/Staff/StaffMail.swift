import Core

/// Mail to the people who work with the product. One try past the clients' queue: they are none, and whoever waits for a link asks again.
public struct StaffMail: Sendable {
    /// What became of a letter.
    public enum Outcome: String, Sendable, Hashable {
        /// The mail server took it.
        case sent
        /// Nothing leaves this server: e-mail is not set up.
        case sandbox
        /// The mail server did not take it, or nobody knows.
        case failed
    }

    private let transport: (any Transport)?
    private let clock: WallClock
    private let patience: Duration

    /// - Parameters:
    ///   - transport: for e-mail; nil, or the sandbox's, sends nothing.
    ///   - patience: for one letter.
    public init(transport: (any Transport)?, clock: WallClock, patience: Duration = .seconds(20)) {
        self.transport = transport
        self.clock = clock
        self.patience = patience
    }

    /// Nothing leaves this server: what the letter would say must be said in another way.
    public var isSandbox: Bool { transport?.isSandbox ?? true }

    /// Returns once the mail server has answered.
    public func send(_ letter: StaffLetter, to address: String, name: String? = nil) async -> Outcome {
        guard let transport, !transport.isSandbox else { return .sandbox }
        let (answers, answer) = AsyncStream<Outcome>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let message = RenderedMessage(subject: letter.subject, text: letter.text, html: letter.html.text, senderName: "Rapport")
        transport.send([
            Delivery(
                id: UUIDv7(at: clock.now()), business: Self.nobody, channel: .email, priority: 0, address: address,
                recipientName: name?.isEmpty == false ? name : nil, begin: {}, render: { message },
                complete: { result in
                    answer.yield((try? result.get()) == nil ? .failed : .sent)
                    answer.finish()
                })
        ])
        let alarm = Task { [patience] in
            try await Task.sleep(for: patience)
            answer.yield(.failed)
            answer.finish()
        }
        defer { alarm.cancel() }
        for await outcome in answers { return outcome }
        return .failed
    }

    /// Staff letters belong to no business: a person may work for several.
    private static let nobody = UUIDv7(high: 0, low: 0)
}
