import Core

/// How one channel's way out is doing, for readiness and metrics.
public struct LaneStatus: Sendable, Hashable {
    /// The circuit breaker as the metric `rapport_circuit_state` shows it.
    public enum Circuit: Int, Sendable, Hashable {
        case closed = 0
        case halfOpen = 1
        case open = 2
    }

    public var circuit: Circuit
    /// One line for people; nil when all is well. A rate that is used up is well.
    public var trouble: String?
    /// Due messages wait for the provider account's rate.
    public var waitsForRate: Bool
}

extension DeliveryEngine {
    public var laneStatus: [Channel: LaneStatus] {
        lanes.mapValues { $0.status(at: clock.now()) }
    }

    /// What is left of each channel's rate over all instances; channels without one, and those that could not be read, are missing.
    public func permitsLeft() async -> [Channel: Int] {
        var left: [Channel: Int] = [:]
        for lane in lanes.values {
            guard let pacer = lane.pacer else { continue }
            left[lane.channel] = await pacer.permitsLeft()
        }
        return left
    }
}

extension Lane {
    fileprivate func status(at now: Timestamp) -> LaneStatus {
        var status = LaneStatus(circuit: .closed, trouble: nil, waitsForRate: pacer?.isWaiting ?? false)
        switch circuit {
        case .closed:
            if let until = pausedUntil, now < until {
                status.trouble = "\(transport.provider) asked for a pause until \(RFC3339.string(until)); messages wait"
            }
        case .open(let until, let reason):
            status.circuit = .open
            status.trouble = "\(describe(reason)); messages wait, next try at \(RFC3339.string(until))"
        case .halfOpen(_, let reason):
            status.circuit = .halfOpen
            status.trouble = "\(describe(reason)); messages wait, one is being tried"
        }
        return status
    }

    private func describe(_ reason: CircuitBreaker.Reason) -> String {
        switch reason {
        case .outage: "\(transport.provider) does not answer (circuit open)"
        case .authFailure: "\(transport.provider) refuses our credentials (circuit open)"
        }
    }
}
