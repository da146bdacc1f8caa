/// Every metric of the product, made once at the start and handed to the features as a value, so that the way of a
/// message needs no look-up by name. `docs/operations.md` has the table for operators.
public struct EngineMetrics: Sendable {
    /// The built-in message types. A business's own types count as `custom`: their names are that business's data,
    /// and their number has no bound.
    public static let messageTypes = [
        "welcome", "budget_summary", "vendor_options", "selection_confirmation", "blueprint_delivery",
        "error_notification", "reminder", "custom",
    ]
    public static let channels = ["email", "sms", "whatsapp", "other"]
    public static let statuses = [
        "pending", "queued", "sending", "sent", "delivered", "opened", "clicked", "failed", "bounced", "suppressed",
        "cancelled", "other",
    ]
    public static let apis = ["smtp", "twilio", "whatsapp", "sandbox", "database", "cache", "other"]
    /// The error categories of the delivery engine.
    public static let errorTypes = ["transient", "permanent", "rate_limit", "auth_failure", "invalid_input", "other"]

    /// `crm_communications_total{message_type,channel,status}`: status changes (specification 001).
    public let communications: CounterTable
    /// `crm_delivery_time_seconds{channel}`: from sent to the provider's receipt of delivery; for e-mail from the attempt's begin to
    /// the relay's final answer (specification 001).
    public let deliveryTime: HistogramTable
    /// `crm_open_rate{message_type}`: opened of the e-mails sent lately, 0 to 1 (specification 001).
    public let openRate: GaugeTable
    /// `crm_api_errors_total{api,error_type}` (specification 001).
    public let apiErrors: CounterTable

    /// `rapport_queue_depth{state}`: `due`, `waiting` for its time, `leased` by a sender.
    public let queueDepth: GaugeTable
    /// `rapport_queue_oldest_due_seconds`: how long the oldest due message has been due; 0 when none is.
    public let queueOldestDue: GaugeMetric
    /// `rapport_claim_age_seconds`: how long the oldest attempt that is on its way has been so; 0 when none is.
    public let claimAge: GaugeMetric
    /// `rapport_claim_batch_size`: messages that one claim brought.
    public let claimBatchSize: HistogramMetric
    /// `rapport_handed_off_total`: accepted and handed to the sender without waiting in the queue.
    public let handedOff: CounterMetric
    /// `rapport_in_flight`: attempts begun and not yet recorded.
    public let inFlight: GaugeMetric
    /// `rapport_retries_total{channel}`.
    public let retries: CounterTable
    /// `rapport_fallbacks_total{channel}`: given up on that channel, the next one begun.
    public let fallbacks: CounterTable
    /// `rapport_unknown_outcomes_total`: attempts whose outcome nobody recorded (crash, lost lease).
    public let unknownOutcomes: CounterMetric

    public let webhooks: WebhookMetrics
    public let inboundMail: InboundMailMetrics
    public let lanes: LaneMetrics

    /// `rapport_commit_batch_size`: acceptances, outcomes and claims that shared one commit.
    public let commitBatchSize: HistogramMetric
    /// `rapport_commit_seconds`: one round of the writer, begin to durable.
    public let commitTime: HistogramMetric
    /// `rapport_smtp_connections{state}`: `idle`, `busy`, `connecting`.
    public let smtpConnections: GaugeTable

    public let endpoints: EndpointMetrics
    public let privacy: PrivacyMetrics
    /// `rapport_http_requests_total{method,route,status}` and `rapport_http_request_seconds{method,route}`.
    public let http: HTTPMetrics

    public init(registry: MetricsRegistry) {
        communications = CounterTable(
            registry, name: "crm_communications_total", help: "Communications by the status they reached.",
            labels: [("message_type", Self.messageTypes), ("channel", Self.channels), ("status", Self.statuses)],
            omitsUnused: true)
        deliveryTime = HistogramTable(
            registry, name: "crm_delivery_time_seconds", help: "Time from send to delivery.", label: "channel",
            values: Self.channels, buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400])
        openRate = GaugeTable(
            registry, name: "crm_open_rate", help: "Share of recently sent e-mails that were opened.",
            label: "message_type", values: Self.messageTypes)
        apiErrors = CounterTable(
            registry, name: "crm_api_errors_total", help: "Errors of outside services by category.",
            labels: [("api", Self.apis), ("error_type", Self.errorTypes)])
        queueDepth = GaugeTable(
            registry, name: "rapport_queue_depth", help: "Messages in the queue.", label: "state",
            values: ["due", "waiting", "leased"])
        queueOldestDue = registry.gauge(
            "rapport_queue_oldest_due_seconds", help: "How long the oldest due message has been due; 0 when none is.")
        claimAge = registry.gauge(
            "rapport_claim_age_seconds", help: "How long the oldest attempt that is on its way has been so; 0 when none is.")
        claimBatchSize = registry.histogram(
            "rapport_claim_batch_size", help: "Messages that one claim brought.", buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256])
        handedOff = registry.counter(
            "rapport_handed_off_total", help: "Messages that went from acceptance to their sender without queueing.")
        inFlight = registry.gauge("rapport_in_flight", help: "Attempts begun and not yet recorded.")
        let channelLabel = [(name: "channel", values: Self.channels)]
        retries = CounterTable(
            registry, name: "rapport_retries_total", help: "Attempts that failed and will be repeated.", labels: channelLabel)
        fallbacks = CounterTable(
            registry, name: "rapport_fallbacks_total", help: "Channels given up for the next one.", labels: channelLabel)
        unknownOutcomes = registry.counter(
            "rapport_unknown_outcomes_total", help: "Attempts that ended without a recorded outcome.")
        webhooks = WebhookMetrics(registry: registry)
        inboundMail = InboundMailMetrics(registry: registry)
        lanes = LaneMetrics(registry: registry, channels: Self.channels)
        commitBatchSize = registry.histogram(
            "rapport_commit_batch_size", help: "Writes that shared one commit.",
            buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
        commitTime = registry.histogram(
            "rapport_commit_seconds", help: "One round of the writer, from begin to durable.",
            buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5])
        smtpConnections = GaugeTable(
            registry, name: "rapport_smtp_connections", help: "Connections to the mail server.", label: "state",
            values: ["idle", "busy", "connecting"])
        endpoints = EndpointMetrics(registry: registry)
        privacy = PrivacyMetrics(registry: registry)
        http = HTTPMetrics(registry: registry)
    }
}
