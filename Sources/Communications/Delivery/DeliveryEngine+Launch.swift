import Core
import Logging
import Observability
import Storage

extension DeliveryEngine {
    /// Takes a place on the channel's lane for a message that is about to be accepted, inside the accepting transaction.
    func reserve(_ id: CommunicationID, _ flight: Flight, critical: Bool) -> Bool {
        guard peers.isInTouch, lanes[flight.channel]?.reserve(passingBacklog: critical) == true else { return false }
        register.enter(id, flight)
        return true
    }

    func unreserve(_ id: CommunicationID, _ channel: Channel) {
        register.leave([id])
        lanes[channel]?.release(1)
    }

    /// A message was stored as due because its lane had no place for it.
    func noteWaiting(_ channel: Channel) {
        lanes[channel]?.noteWaiting()
    }

    /// Sends a message whose accepting transaction is durable and holds its lease, and which took its place on the lane there.
    func launch(handedOff attempt: Attempt) async {
        guard let lane = lanes[attempt.channel] else { return }
        metrics.handedOff.increment()
        await launch([attempt], on: lane)
    }

    /// Makes deliveries of attempts and gives them to the lane's transport.
    func launch(_ attempts: [Attempt], on lane: Lane) async {
        var deliveries: [Delivery] = []
        deliveries.reserveCapacity(attempts.count)
        let readings: MessageReadings
        do {
            readings = try await composer.readings(for: attempts, on: lane.channel)
        } catch {
            for attempt in attempts { finish(attempt, on: lane, .failure(TransportFailure(preparing: error)), reachedTransport: false) }
            return
        }
        for attempt in attempts {
            do {
                deliveries.append(try await delivery(of: attempt, on: lane, readings))
            } catch {
                finish(attempt, on: lane, .failure(TransportFailure(preparing: error)), reachedTransport: false)
            }
        }
        if !deliveries.isEmpty { lane.transport.send(deliveries) }
    }

    private func delivery(of attempt: Attempt, on lane: Lane, _ readings: MessageReadings) async throws -> Delivery {
        let address = try addresses.address(of: attempt.client, on: attempt.channel, business: attempt.business, client: attempt.clientID)
        guard let address else {
            throw TransportFailure(category: .permanent, message: "the client has no address on this channel any more")
        }
        let message = try await composer.prepare(attempt, readings)
        let (register, peers) = (register, peers)
        return Delivery(
            id: attempt.id, business: attempt.business, channel: attempt.channel, priority: attempt.urgency.priority, address: address,
            recipientName: message.clientName, sender: sender(of: attempt, on: lane), lookUpSince: attempt.lookUpSince,
            begin: { guard peers.isInTouch, register.begin(attempt.id) else { throw Withdrawn() } },
            render: { try message.render() },
            complete: { [self] outcome in finish(attempt, on: lane, outcome) })
    }

    private func finish(
        _ attempt: Attempt, on lane: Lane, _ outcome: Result<TransportReceipt, TransportFailure>, reachedTransport: Bool = true
    ) {
        let now = clock.now()
        var outcome = outcome
        // Cut off by the stop before its first byte: as good as never begun.
        if case .failure = outcome, lane.isClosed, !register.hasBegun(attempt.id) { outcome = .failure(.stopped) }
        let result = Verdict.result(
            of: outcome, attempt: attempt, policy: policy, now: now, jitter: Double.random(in: 0..<1),
            unknownPause: lane.transport.unknownOutcomePause)
        note(attempt, on: lane, outcome, result)
        settle(attempt, on: lane, outcome, reachedTransport: reachedTransport, at: now)
        recorder.post(
            AttemptOutcome(
                id: attempt.id, token: token, channel: attempt.channel, attempt: attempt.number, startedAt: attempt.startedAt,
                finishedAt: now, provider: lane.transport.provider, sandbox: lane.transport.isSandbox, members: attempt.members.map(\.id),
                result: result, fallbackAfter: attempt.waitForReceipt(from: lane.transport)),
            refused: refused(attempt, on: lane, outcome))
    }

    /// What a failure means beyond its message; nil in the ordinary case.
    private func refused(
        _ attempt: Attempt, on lane: Lane, _ outcome: Result<TransportReceipt, TransportFailure>
    ) -> Consequences.Refused? {
        guard case .failure(let failure) = outcome, let consequence = failure.consequence else { return nil }
        // One that does not open any more could not have been sent to; the rest of the consequence holds without it.
        let address = try? addresses.address(
            of: attempt.client, on: attempt.channel, business: attempt.business, client: attempt.clientID)
        var refused = Consequences.Refused(
            consequence: consequence, communication: attempt.id, business: attempt.business, client: attempt.clientID,
            channel: attempt.channel, address: address, provider: lane.transport.provider, sentAt: attempt.startedAt)
        refused.details = failure.message
        return refused
    }

    /// Tells the log and the metrics, without content or addresses.
    private func note(
        _ attempt: Attempt, on lane: Lane, _ outcome: Result<TransportReceipt, TransportFailure>, _ result: AttemptOutcome.Result
    ) {
        switch result {
        case .sent:
            metrics.communications[attempt.messageType, attempt.channel.rawValue, "sent"].increment()
            // Numbers tell of a delivery themselves, later.
            if attempt.channel == .email || lane.transport.isSandbox {
                metrics.deliveryTime[attempt.channel.rawValue].observe(
                    milliseconds: max(0, clock.now().milliseconds - attempt.startedAt.milliseconds))
            }
            logger.debug("communication_sent", metadata: attempt.logFields)
            return
        case .released:
            return
        case .failed:
            metrics.communications[attempt.messageType, attempt.channel.rawValue, "failed"].increment()
            logger.critical("all_channels_failed", metadata: attempt.logFields)
        case .fallback(let next, _, _):
            metrics.fallbacks[attempt.channel.rawValue].increment()
            logger.warning("fallback_channel_used", metadata: attempt.logFields.merging(["next": "\(next.rawValue)"]) { first, _ in first })
        case .retry(let at, _):
            metrics.retries[attempt.channel.rawValue].increment()
            logger.warning(
                "attempt_to_be_retried", metadata: attempt.logFields.merging(["at": "\(RFC3339.string(at))"]) { first, _ in first })
        case .bounced, .suppressed:
            metrics.communications[attempt.messageType, attempt.channel.rawValue, "bounced"].increment()
        }
        if case .failure(let failure) = outcome {
            metrics.apiErrors[lane.transport.provider, failure.category.rawValue].increment()
            if failure.category.alertsImmediately {
                logger.critical("authentication_refused", metadata: ["provider": "\(lane.transport.provider)"])
            }
        }
    }
}

extension TransportFailure {
    /// What it means that an attempt could not even be prepared.
    init(preparing error: any Error) {
        if let failure = error as? TransportFailure {
            self = failure
        } else if error is DatabaseError || error is CancellationError {
            // The store was away for a moment, or the caller went away; the message is as good as before.
            self.init(category: .transient, message: "the message could not be prepared", withdrawn: true)
        } else {
            self.init(category: .invalidInput, message: "the message could not be prepared: \(error)")
        }
    }
}
