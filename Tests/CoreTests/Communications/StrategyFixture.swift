import Core

/// An ordinary case that each test changes in one respect: Thursday noon in Berlin, a client with every address, standard preferences.
func strategyInput(
    type: String = "budget_summary", urgency: Urgency? = nil, requested: Channel? = nil, sendAt: String? = nil,
    preferred: [Channel] = [.email],
    optOuts: ChannelSet = [], quiet: (String, String) = ("22:00", "08:00"), zone: ZoneRules = SampleZones.berlin,
    reachable: ChannelSet = .all, suppressed: ChannelSet = [], lastMessageAt: String? = nil, openBatches: [OpenBatch] = [],
    batchRule: BatchRule = .standard, now: String = "2026-01-15T11:00:00Z", seed: UInt64 = 0
) -> StrategyInput {
    let messageType = MessageType.builtIn(named: type)!
    return StrategyInput(
        messageType: messageType, urgency: urgency ?? messageType.defaultUrgency, requestedChannel: requested, sendAt: sendAt.map(moment),
        preferences: Preferences(
            preferredChannels: preferred, timezone: "Europe/Berlin", quietHoursStart: clock(quiet.0), quietHoursEnd: clock(quiet.1),
            optOuts: optOuts, language: "en"),
        zone: zone, zoneName: "Europe/Berlin", reachable: reachable, suppressed: suppressed, lastMessageAt: lastMessageAt.map(moment),
        openBatches: openBatches, batchRule: batchRule, now: moment(now), spreadSeed: seed)
}

/// The strategy, or nil when nothing is sent.
func planned(_ input: StrategyInput) -> Strategy? {
    if case .send(let strategy) = Strategy.decide(input) { strategy } else { nil }
}
