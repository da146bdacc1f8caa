import Logging
import Storage

extension UnreadableFields {
    /// A line for each value, so that whoever mends it knows which one it is.
    func report(to logger: Logger) {
        for reason in reasons { logger.error("sealed_value_unreadable", metadata: ["reason": "\(reason)"]) }
    }
}
