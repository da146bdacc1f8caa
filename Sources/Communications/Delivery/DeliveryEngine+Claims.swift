import Core
import Logging
import Observability
import Storage

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
        let places = lane.reserve(upTo: timing.claimLimit)
        guard places > 0 else { return timing.poll }
        let now = clock.now()
        let leaseUntil = now.adding(seconds: timing.leaseSeconds)
        let gate = gate
        let request = ClaimRequest(channel: lane.channel, limit: places, token: token, leaseUntil: leaseUntil, now: now) {
            gate.decide($0, now: $1)
        }
        do {
            let result = try await database.claim(request)
            lane.noteBacklog(result.more)
            let attempts = result.begun.map { Attempt(claimed: $0, leaseUntil: leaseUntil, now: now) }
            let fresh = attempts.filter { register.enter($0.id, $0.flight) }
            lane.release(places - fresh.count)
            if !fresh.isEmpty { metrics.claimBatchSize.observe(Double(fresh.count)) }
            let unknown = result.begun.count { $0.unknownSince != nil }
            if unknown > 0 { metrics.unknownOutcomes.increment(by: Int64(unknown)) }
            await launch(fresh, on: lane)
            if result.more { return .zero }
            return fresh.isEmpty ? try await untilNextDue(lane.channel) : .zero
        } catch {
            lane.release(places)
            logger.error("claim_failed", metadata: ["channel": "\(lane.channel.rawValue)", "error": "\(error)"])
            return timing.poll
        }
    }

    private func untilNextDue(_ channel: Channel) async throws -> Duration {
        guard let due = try await database.nextDue(channel: channel) else { return timing.poll }
        let wait = due.milliseconds - clock.now().milliseconds
        return min(timing.poll, .milliseconds(max(wait, 5)))
    }
}
