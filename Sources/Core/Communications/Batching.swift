/// Where a LOW message goes (specification 001, "Batching Rules", as corrected). What clients may refuse by itself, marketing or a topic,
/// travels alone.
///
/// 1. No message to the client for 24 hours: alone, as soon as quiet hours allow.
/// 2. The client has an open batch on this channel: into it. It closes with its last place taken, or when its window ends.
/// 3. Otherwise it opens a batch, which closes when its window ends, or when the quiet hours end if that is quiet time.
enum Batching {
    private static let day: Int64 = 86_400

    static func place(
        _ input: StrategyInput, channel: Channel, timing: Timing, steps: inout [DecisionStep]
    ) -> (placement: BatchPlacement, sendAt: Timestamp) {
        let base = timing.base
        guard let last = input.lastMessageAt, last > base.adding(seconds: -day) else {
            steps.append(
                DecisionStep(rule: "batching", outcome: "alone", because: "the client has had no message for 24 hours"))
            return (.alone, timing.sendAt(urgency: .low, steps: &steps))
        }
        let open = input.openBatches.first {
            $0.channel == channel && $0.closesAt > base && $0.count >= 0 && $0.count < input.batchRule.maximum
        }
        guard let open else {
            guard input.batchRule.maximum > 1 else {
                steps.append(DecisionStep(rule: "batching", outcome: "alone", because: "batches hold a single message"))
                return (.alone, timing.sendAt(urgency: .low, steps: &steps))
            }
            steps.append(DecisionStep(rule: "batching", outcome: "opened", because: "low urgency waits for more messages to the client"))
            let closing = timing.allowed(from: base.adding(seconds: Int64(input.batchRule.window)), urgency: .low, steps: &steps)
            return (.open(closesAt: closing), closing)
        }
        guard open.count == input.batchRule.maximum - 1 else {
            steps.append(DecisionStep(rule: "batching", outcome: "joined", because: "the client has an open batch on this channel"))
            return (.join(id: open.id, closesNow: false), open.closesAt)
        }
        steps.append(DecisionStep(rule: "batching", outcome: "joined", because: "it fills the client's open batch, which closes"))
        return (.join(id: open.id, closesNow: true), timing.sendAt(urgency: .low, steps: &steps))
    }
}
