import Core
import Metrics
import Synchronization

/// The engine's counters, made once per combination of labels so that counting costs no look-up in the metrics system.
final class DeliveryMetrics: Sendable {
    private struct Label: Hashable {
        var messageType: String
        var channel: Channel
        var status: String
    }

    /// Message types come from callers; more than this many share the label `other`.
    private static let mostLabels = 500

    private let communications = Mutex<[Label: Counter]>([:])
    private let errors = Mutex<[String: Counter]>([:])
    private let claims: [Channel: Recorder]

    init() {
        var claims: [Channel: Recorder] = [:]
        for channel in Channel.allCases {
            claims[channel] = Recorder(label: "rapport_claim_batch_size", dimensions: [("channel", channel.rawValue)])
        }
        self.claims = claims
    }

    func count(_ messageType: String, _ channel: Channel, _ status: String) {
        let counter = communications.withLock { counters -> Counter in
            var label = Label(messageType: messageType, channel: channel, status: status)
            if let counter = counters[label] { return counter }
            if counters.count >= Self.mostLabels { label.messageType = "other" }
            if let counter = counters[label] { return counter }
            let counter = Counter(
                label: "crm_communications_total",
                dimensions: [("message_type", label.messageType), ("channel", channel.rawValue), ("status", status)])
            counters[label] = counter
            return counter
        }
        counter.increment()
    }

    func error(api: String, type: String) {
        let counter = errors.withLock { counters -> Counter in
            let key = "\(api) \(type)"
            if let counter = counters[key] { return counter }
            let counter = Counter(label: "crm_api_errors_total", dimensions: [("api", api), ("error_type", type)])
            counters[key] = counter
            return counter
        }
        counter.increment()
    }

    func claimed(_ channel: Channel, count: Int) {
        claims[channel]?.record(count)
    }
}
