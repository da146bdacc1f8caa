/// When a message is sent (specification 001, "Timing Rules").
///
/// - CRITICAL: at once, whatever the hour.
/// - HIGH: at once; in quiet hours, when they end.
/// - NORMAL: in business hours and outside quiet hours; if they leave no common moment, quiet hours alone count.
/// - LOW: in batches (see `Batching`), outside quiet hours.
///
/// A `send_at` that is still to come takes the place of now in all of this, and CRITICAL leaves exactly then. What waits for the opening
/// of a window is spread over up to 15 minutes after it, within the window, so that not everything leaves in one second.
struct Timing {
    /// The moment from which the rules are applied: now, or the `send_at` that is still to come.
    let base: Timestamp
    private let now: Timestamp
    private let window: SendWindow
    private let zoneName: String
    private let seed: UInt64

    init(_ input: StrategyInput) {
        base = max(input.now, input.sendAt ?? input.now)
        now = input.now
        window = SendWindow(
            quiet: QuietHours(input.preferences), business: input.urgency == .normal ? BusinessHoursRule(input.businessHours) : nil,
            zone: input.zone)
        zoneName = input.zoneName
        seed = input.spreadSeed
    }

    /// Records that the request itself puts the message off.
    func recordSchedule(_ steps: inout [DecisionStep]) {
        guard base > now else { return }
        steps.append(DecisionStep(rule: "send_at", outcome: "scheduled", because: "the request names a later time"))
    }

    func sendAt(urgency: Urgency, steps: inout [DecisionStep]) -> Timestamp {
        if urgency == .critical {
            steps.append(DecisionStep(rule: "timing", outcome: "at_once", because: "critical messages wait for nothing"))
            return base
        }
        return allowed(from: base, urgency: urgency, steps: &steps)
    }

    /// The first allowed moment from `moment` on, spread when it has to wait.
    func allowed(from moment: Timestamp, urgency: Urgency, steps: inout [DecisionStep]) -> Timestamp {
        let opening = window.next(from: moment)
        if opening.businessHoursIgnored {
            steps.append(
                DecisionStep(
                    rule: "business_hours", outcome: "ignored",
                    because: "business hours and the client's quiet hours leave no common moment"))
        }
        guard opening.moment > moment else {
            let because =
                urgency == .normal && !opening.businessHoursIgnored ? "it is within business hours" : "it is not quiet time for the client"
            steps.append(DecisionStep(rule: "timing", outcome: moment > now ? "on_time" : "at_once", because: because))
            return moment
        }
        if window.quiet.isQuiet(at: moment, in: window.zone) {
            steps.append(
                DecisionStep(
                    rule: "quiet_hours", outcome: "deferred",
                    because: "it is quiet time for the client until \(window.quiet.end.text) (\(zoneName))"))
        } else {
            steps.append(DecisionStep(rule: "business_hours", outcome: "deferred", because: "it is outside business hours (\(zoneName))"))
        }
        return window.spread(opening.moment, seed: seed)
    }
}
