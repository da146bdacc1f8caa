import Core
import Logging
import Observability
import Storage
import Synchronization

extension DeliveryEngine {
    /// Claims for one lane until it is closed.
    func dispatch(_ lane: Lane) async {
        while !lane.isClosed, !Task.isCancelled {
            let pause = await runOnce(lane)
            if pause > .zero { await lane.signal.wait(atMost: pause) }
        }
    }

    /// Claims once for the lane and launches what came; returns how long there is nothing to do unless the lane's signal rings.
    func runOnce(_ lane: Lane) async -> Duration {
        // An opt-out on another instance would not be heard of before the first byte.
        guard peers.isInTouch else { return .milliseconds(100) }
        switch await admission(to: lane) {
        case .wait(let pause): return pause
        case .claim(let places, let permits, let isProbe):
            return await claim(upTo: places, permits, on: lane, isProbe: isProbe)
        }
    }

    /// - Parameter places: taken on the lane already.
    private func claim(upTo places: Int, _ permits: Permits?, on lane: Lane, isProbe: Bool) async -> Duration {
        var permits = permits
        let now = clock.now()
        let leaseUntil = now.adding(seconds: timing.leaseSeconds)
        let boarding = Boarding(register: register)
        let gate = gate
        let request = ClaimRequest(channel: lane.channel, limit: places, token: token, leaseUntil: leaseUntil, now: now) { due, now in
            if boarding.isInFlight(due) { return .begin }
            let decision = gate.decide(due, now: now)
            if case .begin = decision { boarding.enter(due, leaseUntil: leaseUntil) }
            return decision
        }
        let result: ClaimResult
        do {
            result = try await database.claim(request)
        } catch {
            _ = boarding.complete([])
            lane.release(places)
            if isProbe { lane.cancelProbe() }
            if let permits { await lane.pacer?.giveBack(permits) }
            // A stop is no failure.
            if error is CancellationError { return timing.poll }
            logger.error("claim_failed", metadata: ["channel": "\(lane.channel.rawValue)", "error": "\(String(reflecting: error))"])
            return timing.poll
        }
        lane.noteBacklog(result.more)
        var fresh = boarding.complete(result.begun).map { Attempt(claimed: $0, leaseUntil: leaseUntil, now: now) }
        lane.release(places - fresh.count)
        if fresh.isEmpty, isProbe { lane.cancelProbe() }
        for index in fresh.indices { fresh[index].permit = permits?.take(for: fresh[index].clientID) }
        if let permits { await lane.pacer?.giveBack(permits) }
        if !fresh.isEmpty { metrics.claimBatchSize.observe(Double(fresh.count)) }
        let unknown = result.begun.count { $0.unknownSince != nil }
        if unknown > 0 { metrics.unknownOutcomes.increment(by: Int64(unknown)) }
        await lane.pacer?.announce(fresh.count)
        await launch(fresh, on: lane)
        if result.more || !fresh.isEmpty { return .zero }
        return await untilNextDue(lane.channel)
    }

    func untilNextDue(_ channel: Channel) async -> Duration {
        // Without an answer the poll is soon enough.
        guard let due = try? await database.nextDue(channel: channel) else { return timing.poll }
        let wait = due.milliseconds - clock.now().milliseconds
        return min(timing.poll, .milliseconds(max(wait, 5)))
    }
}

/// The attempts of one claim on their way into the register. The claiming transaction may run more than once.
private final class Boarding: Sendable {
    private let register: FlightRegister
    private let entered = Mutex<Set<CommunicationID>>([])

    init(register: FlightRegister) {
        self.register = register
    }

    /// Its lease ran out while this process still has it in flight (the store was away, or a heartbeat too late): taking the
    /// lease again is right, sending it a second time is not.
    func isInFlight(_ due: DueDelivery) -> Bool {
        due.unknownSince != nil && !entered.withLock { $0.contains(due.id) } && register.contains(due.id)
    }

    func enter(_ due: DueDelivery, leaseUntil: Timestamp) {
        guard entered.withLock({ $0.insert(due.id).inserted }) else { return }
        register.enter(
            due.id, Flight(business: due.business, clientID: due.clientID, channel: due.channel, leaseUntil: leaseUntil))
    }

    /// What is to be launched of the attempts that really began; the others leave again.
    func complete(_ begun: [DueDelivery]) -> [DueDelivery] {
        let entered = entered.withLock { $0 }
        register.leave(Array(entered.subtracting(begun.map(\.id))))
        return begun.filter { entered.contains($0.id) }
    }
}
