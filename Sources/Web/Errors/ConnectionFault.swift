import NIOCore
import NIOHTTP1

/// Errors after which the connection cannot carry an answer.
enum ConnectionFault {
    static func isCause(of error: any Error) -> Bool {
        error is HTTPParserError || error is ChannelError || error is CancellationError
    }
}
