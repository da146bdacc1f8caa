import Core
import Storage

/// Turns one request into everything that is stored for it. Runs inside the accepting transaction; pure but for the
/// place that it reserves on a lane.
struct Planner: Sendable {
    var id: CommunicationID
    var request: CommunicationRequest
    var profile: BusinessProfile
    var type: MessageType
    var urgency: Urgency
    /// Channels that have a template for this message type.
    var writable: ChannelSet
    var zones: ZoneCatalog
    var batchRule: BatchRule
    var sandboxed: ChannelSet
    var leaseToken: Int64
    var leaseSeconds: Int64
    /// Takes a place on the channel's lane until the lease ends, so that the message can begin as soon as it is durable.
    var reserve: @Sendable (Channel, _ leaseUntil: Timestamp) -> Bool

    func plan(_ client: ClientSnapshot?, now: Timestamp) throws -> AcceptancePlan {
        guard let client else {
            throw ValidationError(errors: [
                FieldError(field: "client_id", message: "is not known; create the client first or send a recipient along")
            ])
        }
        switch Strategy.decide(strategyInput(client, now: now)) {
        case .send(let strategy):
            try refuseMarketingWithoutAddress([strategy.channel] + strategy.fallbacks)
            return accepted(strategy, client: client, now: now)
        case .suppressed(let reason, let steps):
            return suppressed(reason, steps: steps, client: client, now: now)
        case .unreachable(let reason, _):
            let field = request.recipient == nil ? "client_id" : "recipient"
            throw ValidationError(errors: [FieldError(field: field, message: reason)])
        }
    }

    /// The strategy's decision alone, for a dry run.
    func decide(_ client: ClientSnapshot, now: Timestamp) -> StrategyOutcome {
        Strategy.decide(strategyInput(client, now: now))
    }

    func preferences(_ client: ClientSnapshot) -> Preferences {
        client.stated.effective(
            recordTimezone: client.timezone, recordLanguage: client.language, businessTimezone: profile.business.timezone,
            businessLanguage: profile.business.defaultLanguage, marketingRule: profile.business.marketingRule)
    }

    private func strategyInput(_ client: ClientSnapshot, now: Timestamp) -> StrategyInput {
        let preferences = preferences(client)
        return StrategyInput(
            messageType: type, urgency: urgency, requestedChannel: request.preferredChannel, sendAt: request.sendAt,
            preferences: preferences, zone: zones.zone(named: preferences.timezone) ?? .utc, zoneName: preferences.timezone,
            reachable: client.reachable.intersection(writable), unwritten: client.reachable.subtracting(writable),
            suppressed: client.suppressed, marketingAllowed: .all.subtracting(client.marketingStopped),
            businessHours: profile.business.hours, lastMessageAt: client.lastMessageAt,
            openBatches: client.openBatches.map { OpenBatch(id: $0.id, channel: $0.channel, count: $0.count, closesAt: $0.closesAt) },
            batchRule: batchRule, now: now, spreadSeed: id.low)
    }

    private func refuseMarketingWithoutAddress(_ channels: [Channel]) throws {
        guard type.category == .marketing, channels.contains(.email), profile.business.postalAddress.isEmpty else { return }
        throw ValidationError(errors: [
            FieldError(
                field: "message_type", message: "marketing e-mail needs the business's postal address; set it with PUT /api/crm/business")
        ])
    }

    private func accepted(_ strategy: Strategy, client: ClientSnapshot, now: Timestamp) -> AcceptancePlan {
        var status: CommunicationStatus = strategy.dueNow ? .queued : .pending
        var answeredStatus = status
        var queue = QueuePlacement.waiting(due: strategy.sendAt)
        var batch = BatchChange.none
        var batchID: UUIDv7?
        switch strategy.batch {
        case .alone:
            let leaseUntil = now.adding(seconds: leaseSeconds)
            if strategy.dueNow, reserve(strategy.channel, leaseUntil) {
                status = .sending
                queue = .handedOff(token: leaseToken, leaseUntil: leaseUntil)
                answeredStatus = .queued
            }
        case .open(let closesAt):
            // The batch is named after the communication that leads it.
            batchID = id
            batch = .open(id: id, closesAt: closesAt)
            (status, answeredStatus) = (.pending, .pending)
        case .join(let joined, let closesNow):
            batchID = joined
            queue = .none
            (status, answeredStatus) = (.pending, .pending)
            let leader = client.openBatches.first { $0.id == joined }?.leader ?? joined
            batch = .join(id: joined, leader: leader, closesNow: closesNow, leaderDue: strategy.sendAt)
        }
        let metadata = CommunicationMetadata(
            priority: strategy.priority, fallbacks: strategy.fallbacks, batchID: batchID, decision: strategy.steps,
            sandbox: sandboxed.contains(strategy.channel)
        ).json()
        let answer = CommunicationAnswer(
            id: id, status: answeredStatus, channel: strategy.channel, scheduledFor: strategy.sendAt, metadata: metadata)
        return plan(
            channel: strategy.channel, fallbacks: strategy.fallbacks, status: status, metadata: metadata, scheduledFor: strategy.sendAt,
            queue: queue, batch: batch, errorMessage: nil, answer: answer, client: client)
    }

    private func suppressed(_ reason: String, steps: [DecisionStep], client: ClientSnapshot, now: Timestamp) -> AcceptancePlan {
        let channel = request.preferredChannel ?? type.channels.first ?? .email
        let metadata = CommunicationMetadata(
            priority: urgency.priority, fallbacks: [], batchID: nil, decision: steps, sandbox: sandboxed.contains(channel)
        ).json()
        let answer = CommunicationAnswer(
            id: id, status: .suppressed, channel: channel, scheduledFor: now, errorMessage: reason, metadata: metadata)
        return plan(
            channel: channel, fallbacks: [], status: .suppressed, metadata: metadata, scheduledFor: now, queue: .none, batch: .none,
            errorMessage: reason, answer: answer, client: client)
    }

    /// What the message is made from.
    var context: [UInt8] { request.context.isEmpty ? Array("{}".utf8) : request.context }

    private func plan(
        channel: Channel, fallbacks: [Channel], status: CommunicationStatus, metadata: [UInt8], scheduledFor: Timestamp,
        queue: QueuePlacement, batch: BatchChange, errorMessage: String?, answer: CommunicationAnswer, client: ClientSnapshot
    ) -> AcceptancePlan {
        AcceptancePlan(
            planID: request.planID, messageType: type.name, category: type.category, urgency: urgency, channel: channel,
            fallbacks: fallbacks, status: status, context: context,
            metadata: metadata, scheduledFor: scheduledFor, queue: queue, batch: batch, errorMessage: errorMessage,
            attachments: request.attachments, fallbackAfter: request.fallbackAfter ?? type.fallbackAfter,
            answer: answer.json, client: client)
    }
}
