import Core
import Logging
import Observability
import Storage

extension DeliveryEngine {
    enum Admission: Sendable {
        /// Nothing may begin, or nothing is due.
        case wait(Duration)
        /// So many places are taken on the lane.
        case claim(places: Int, Permits?, isProbe: Bool)
    }

    /// Asks everything that has to say whether the lane may begin something now: its provider's health, its places, its rate.
    func admission(to lane: Lane) async -> Admission {
        let now = clock.now()
        var limit = timing.claimLimit
        let permission = lane.permission(at: now)
        switch permission {
        case .wait(let until):
            await moveOn(from: lane, at: now)
            return .wait(bounded(until.milliseconds - now.milliseconds))
        case .probe: limit = 1
        case .free: break
        }
        let isProbe = permission == .probe
        let places = lane.reserve(upTo: limit)
        guard places > 0 else {
            if isProbe { lane.cancelProbe() }
            return .wait(timing.poll)
        }
        guard let pacer = lane.pacer else { return .claim(places: places, nil, isProbe: isProbe) }
        let grant: Pacer.Grant?
        do {
            grant = try await pacer.acquire(upTo: places)
        } catch {
            logger.error("permits_not_taken", metadata: ["channel": "\(lane.channel.rawValue)", "error": "\(String(reflecting: error))"])
            grant = nil
        }
        if case .permits(let permits) = grant {
            lane.release(quietly: places - permits.total)
            return .claim(places: permits.total, permits, isProbe: isProbe)
        }
        if isProbe { lane.cancelProbe() }
        lane.noteBacklog(grant != .nothingDue)
        lane.release(quietly: places)
        switch grant {
        case .wait(let pause): return .wait(min(pause, timing.poll))
        case .nothingDue: return .wait(await untilNextDue(lane.channel))
        case .permits, nil: return .wait(timing.poll)
        }
    }

    /// Which of our numbers the message leaves from.
    func sender(of attempt: Attempt, on lane: Lane) -> String? {
        if let permit = attempt.permit { return lane.pacer?.sender(permit) }
        let senders = lane.transport.senders
        return SenderChoice.index(for: attempt.clientID, of: senders.count).map { senders[$0] }
    }

    /// What an attempt's end means for its lane: the permit, the provider's health, a pause that the provider asked for.
    /// - Parameter reachedTransport: false when the message could not even be prepared.
    func settle(
        _ attempt: Attempt, on lane: Lane, _ outcome: Result<TransportReceipt, TransportFailure>, reachedTransport: Bool, at now: Timestamp
    ) {
        var began = true
        if case .failure(let failure) = outcome {
            began = register.hasBegun(attempt.id)
            pause(lane, after: failure, at: now)
        }
        // What never began used nothing up.
        if let permit = attempt.permit, lane.pacer?.settle(permit, left: began) == true { lane.signal.raise() }
        guard reachedTransport, let signal = CircuitBreaker.Signal(outcome, began: began) else {
            lane.cancelProbe(startedAt: attempt.startedAt)
            return
        }
        let jitter = signal == .answered ? 0 : Double.random(in: 0..<1)
        if let change = lane.note(signal, startedAt: attempt.startedAt, at: now, jitter: jitter) {
            announce(change, on: lane, outcome)
        }
    }

    private func pause(_ lane: Lane, after failure: TransportFailure, at now: Timestamp) {
        guard failure.scope == .account, failure.category == .rateLimit || failure.category == .transient,
            let seconds = failure.retryAfter, seconds > 0, let until = lane.pause(seconds: seconds, at: now)
        else { return }
        logger.warning(
            "lane_paused",
            metadata: [
                "channel": "\(lane.channel.rawValue)", "provider": "\(lane.transport.provider)", "until": "\(RFC3339.string(until))",
            ])
    }

    private func announce(_ change: CircuitBreaker.Change, on lane: Lane, _ outcome: Result<TransportReceipt, TransportFailure>) {
        var fields: Logger.Metadata = ["channel": "\(lane.channel.rawValue)", "provider": "\(lane.transport.provider)"]
        if case .failure(let failure) = outcome { fields["detail"] = "\(failure.message)" }
        switch change {
        case .opened(let reason, let until):
            fields["reason"] = "\(reason.rawValue)"
            fields["until"] = "\(RFC3339.string(until))"
            metrics.lanes.circuitOpenings[lane.channel.rawValue].increment()
            logger.critical("circuit_opened", metadata: fields)
        case .reopened(let reason, let until):
            fields["reason"] = "\(reason.rawValue)"
            fields["until"] = "\(RFC3339.string(until))"
            logger.warning("circuit_still_open", metadata: fields)
        case .closed:
            logger.notice("circuit_closed", metadata: fields)
        }
    }

    /// While a provider is away for longer than all retries would last, messages with another channel take that.
    private func moveOn(from lane: Lane, at now: Timestamp) async {
        let interval = timing.poll.milliseconds
        guard !lane.isHealthy, lane.shouldMoveOn(at: now, every: interval) else { return }
        let horizon = policy.delays.reduce(Int64(0)) { $0 + Int64(min(max($1, 0), 86_400)) }
        let step = DecisionStep(
            rule: "circuit_breaker", outcome: "chosen",
            because: "\(lane.channel.rawValue) has not worked for \(horizon / 60) minutes")
        do {
            var (moved, offset) = (0, 0)
            var page: MoveOnResult
            repeat {
                page = try await database.moveOn(
                    MoveOnRequest(
                        channel: lane.channel, dueBefore: now.adding(seconds: -horizon), step: step, offset: offset,
                        gate: { [gate] due, now in gate.decide(due, now: now) }))
                moved += page.moved
                offset += page.stayed
            } while page.moved + page.stayed == 100 && moved + offset < 10_000
            guard moved > 0 else { return }
            metrics.fallbacks[lane.channel.rawValue].increment(by: Int64(moved))
            logger.warning("messages_moved_on", metadata: ["channel": "\(lane.channel.rawValue)", "count": "\(moved)"])
        } catch {
            logger.error(
                "messages_not_moved_on", metadata: ["channel": "\(lane.channel.rawValue)", "error": "\(String(reflecting: error))"])
        }
    }

    private func bounded(_ milliseconds: Int64) -> Duration {
        min(timing.poll, .milliseconds(max(milliseconds, 5)))
    }
}

extension CircuitBreaker.Signal {
    /// Nil where the attempt's end says nothing about the provider.
    /// - Parameter began: the message's first byte may have left.
    init?(_ outcome: Result<TransportReceipt, TransportFailure>, began: Bool) {
        guard case .failure(let failure) = outcome else {
            self = .answered
            return
        }
        if failure.withdrawn { return nil }
        if failure.outcomeUnknown {
            self = .outage
            return
        }
        switch failure.category {
        case .authFailure: self = .refused
        case .transient: self = failure.scope == .account ? .outage : .answered
        case .permanent, .rateLimit: self = .answered
        case .invalidInput:
            // It may be ours alone: a message that could not be rendered.
            guard began else { return nil }
            self = .answered
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        let parts = components
        return parts.seconds &* 1000 &+ parts.attoseconds / 1_000_000_000_000_000
    }
}
