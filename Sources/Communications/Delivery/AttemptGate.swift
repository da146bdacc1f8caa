import Core
import Storage

/// ``Gate`` in the store's words; runs inside the claiming transaction.
struct AttemptGate: Sendable {
    var zones: ZoneCatalog
    var directory: Directory

    /// As ``DeliveryTiming/mostTakeovers``.
    var mostTakeovers: Int

    func decide(_ due: DueDelivery, now: Timestamp) -> ClaimDecision {
        if due.takeovers >= mostTakeovers {
            return .fail(
                AttemptFailure(
                    category: AttemptFailure.unknown,
                    message: "\(due.takeovers) attempts in a row began and nobody recorded what became of them"))
        }
        guard let client = due.client else {
            return .suppress(because: DecisionStep(rule: "client", outcome: "suppressed", because: "the client was erased"))
        }
        let business = directory.lastKnown(due.business)?.business
        let preferences = client.stated.effective(
            recordTimezone: client.timezone, recordLanguage: client.language, businessTimezone: business?.timezone,
            businessLanguage: business?.defaultLanguage, marketingRule: due.rules.marketing)
        let decision = Gate.check(
            GateInput(
                category: due.category, urgency: due.urgency, channel: due.channel, fallbacks: due.fallbacks, preferences: preferences,
                zone: zones.zone(named: preferences.timezone) ?? .utc, reachable: client.reachable, suppressed: client.suppressed,
                marketingAllowed: .all.subtracting(client.marketingStopped), topic: due.topic,
                lacksPostalAddress: due.rules.lacksPostalAddress, now: now, spreadSeed: due.id.low))
        let step = decision.steps.last
        switch decision.verdict {
        case .proceed:
            return .begin
        case .switchTo(let channel):
            let remaining = due.fallbacks.drop { $0 != channel }.dropFirst()
            return .moveTo(
                channel, remaining: Array(remaining),
                because: step ?? DecisionStep(rule: "gate", channel: channel, outcome: "chosen", because: "the channel before is closed"))
        case .deferUntil(let moment, let reason):
            return .postpone(
                until: moment,
                because: step ?? DecisionStep(rule: "quiet_hours", channel: due.channel, outcome: "deferred", because: reason))
        case .suppress(let reason):
            return .suppress(
                because: DecisionStep(rule: step?.rule ?? "gate", channel: due.channel, outcome: "suppressed", because: reason))
        }
    }
}
