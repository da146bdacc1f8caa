/// How events are paced on their way to the endpoints.
public struct EventTiming: Sendable {
    /// Seconds for which an event is this process's own; longer than ``timeout``. A dead process's work is free after that.
    public var leaseSeconds: Int64 = 30
    /// The net under all wake-ups, and how soon other instances' events are found.
    public var poll: Duration = .seconds(1)
    /// Between two turns while there is work: what arrives meanwhile goes along.
    public var pace: Duration = .milliseconds(20)
    /// Events taken from the outbox at once.
    public var distributionLimit = 512
    /// At the same time to one endpoint, so that a slow one leaves room for the others.
    public var perEndpoint = 16
    public var overall = 512
    /// Seconds of nothing but failures after which an endpoint gets one event at a time, until one gets through.
    public var patienceSeconds: Int64 = 60
    /// For a whole exchange with an endpoint.
    public var timeout: Duration = .seconds(15)
    /// How long exchanges may go on once the process is asked to stop; then they are cut short and begin anew elsewhere. Short, because
    /// the engine's own messages need the time more.
    public var drain: Duration = .milliseconds(1_500)
    /// Seconds for which events are kept, that is, can be replayed: 30 days. Nil: for ever.
    public var retentionSeconds: Int64? = 30 * 86_400
    public var purgeInterval: Duration = .seconds(3_600)

    public init() {}
}
