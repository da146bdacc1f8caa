public import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A log handler that writes one JSON object per line.
///
/// `timestamp` (RFC 3339, milliseconds, UTC), `level` (capitals), `component` (the logger's label), `event` (the
/// message: a constant in snake_case), then the metadata as further keys. Dictionaries are flattened with a dot. Ids
/// and numbers belong into metadata; addresses, bodies and secrets do not.
public struct JSONLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let component: String
    private let sink: LogSink
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - component: the part of the product that speaks, e.g. `rapport.delivery`.
    ///   - now: milliseconds since the epoch.
    public init(
        component: String, level: Logger.Level = .info, sink: LogSink, metadataProvider: Logger.MetadataProvider? = nil,
        now: @escaping @Sendable () -> Int64 = JSONLogHandler.systemTime
    ) {
        self.component = component
        self.sink = sink
        self.now = now
        self.metadataProvider = metadataProvider
        logLevel = level
    }

    /// The system's clock in milliseconds since the epoch.
    public static let systemTime: @Sendable () -> Int64 = {
        var time = timespec()
        guard clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error, all["error"] == nil { all["error"] = .string(String(describing: error)) }
        let head = head(of: event)
        var line = head
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            Self.write(value, key: Self.reserved.contains(key) ? "metadata." + key : key, depth: 0, to: &line)
        }
        if let bytes = line.finished(limit: LogSink.longestLine) {
            sink.write(bytes)
            return
        }
        var short = head
        short.literal("metadata_too_long", "true")
        if let bytes = short.finished(limit: LogSink.longestLine) { sink.write(bytes) }
    }

    private static let reserved: Set<String> = ["timestamp", "level", "component", "event"]

    private func head(of event: LogEvent) -> JSONLine {
        var line = JSONLine()
        line.time("timestamp", milliseconds: now())
        line.text("level", Self.name(of: event.level))
        line.text("component", component)
        line.text("event", event.message.description)
        return line
    }

    private static func name(of level: Logger.Level) -> String {
        switch level {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info: "INFO"
        case .notice: "NOTICE"
        case .warning: "WARNING"
        case .error: "ERROR"
        case .critical: "CRITICAL"
        }
    }

    private static func write(_ value: Logger.Metadata.Value, key: String, depth: Int, to line: inout JSONLine) {
        switch value {
        case .string(let text):
            line.text(key, text)
        case .stringConvertible(let other):
            switch other {
            case let number as Int: line.literal(key, number.description)
            case let number as Int64: line.literal(key, number.description)
            case let number as Double where number.isFinite: line.literal(key, number.description)
            case let flag as Bool: line.literal(key, flag ? "true" : "false")
            case let number as any FixedWidthInteger: line.literal(key, number.description)
            default: line.text(key, other.description)
            }
        case .dictionary(let pairs):
            for (inner, value) in pairs.sorted(by: { $0.key < $1.key }) {
                if depth < 4 { write(value, key: key + "." + inner, depth: depth + 1, to: &line) }
            }
        case .array(let values):
            line.list(key, values.map(\.description))
        @unknown default:
            line.text(key, value.description)
        }
    }
}
