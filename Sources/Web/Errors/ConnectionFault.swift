import NIOCore
import NIOHTTP1

/// Errors after which the connection cannot carry an answer.
enum ConnectionFault {
    static func isCause(of error: any Error) -> Bool {
        // The store also says "cancelled" while it shuts down; only our own task's end means that nobody waits any more.
        error is HTTPParserError || error is ChannelError || error is CancellationError && Task.isCancelled
    }
}
