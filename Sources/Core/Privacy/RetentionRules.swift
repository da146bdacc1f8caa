/// For how long what has ended is kept, in days; nil keeps it for ever.
public struct RetentionRules: Sendable, Hashable {
    /// Communications with everything that hangs on them.
    public var communications: Int?
    public var replies: Int?
    /// Messages that the sandbox kept.
    public var sandbox: Int?
    /// Events for the businesses' own endpoints.
    public var events: Int?
    public var accessLog: Int?

    public init(communications: Int? = 730, replies: Int? = 730, sandbox: Int? = 90, events: Int? = 30, accessLog: Int? = 730) {
        self.communications = communications
        self.replies = replies
        self.sandbox = sandbox
        self.events = events
        self.accessLog = accessLog
    }

    /// What is older than this is too old.
    public static func limit(of days: Int, at now: Timestamp) -> Timestamp {
        now.adding(seconds: -Int64(clamping: days).multipliedReportingOverflow(by: 86_400).partialValue)
    }
}
