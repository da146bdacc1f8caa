import NIOCore
import NIOPosix
import Synchronization

@testable import SMTP

typealias MailResult = Result<SMTPReceipt, SMTPFailure>

extension Result where Success == SMTPReceipt, Failure == SMTPFailure {
    var receipt: SMTPReceipt? { try? get() }
    var failure: SMTPFailure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

extension SMTPPool {
    /// Submits mails and waits for all their results, in the order of the mails.
    func deliver(_ mails: [(sender: String?, recipient: String, message: String)]) async throws -> [MailResult] {
        let results = Mutex<[Int: MailResult]>([:])
        let count = mails.count
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let outgoing = try mails.enumerated().map { index, mail in
            OutgoingMail(
                sender: try mail.sender.map { try MailAddress($0) }, recipient: try MailAddress(mail.recipient),
                message: { Array(mail.message.utf8) },
                completion: { result in
                    let done = results.withLock { results in
                        results[index] = result
                        return results.count
                    }
                    if done == count { continuation.finish() }
                })
        }
        submit(outgoing)
        for await _ in stream {}
        return results.withLock { results in (0..<count).compactMap { results[$0] } }
    }

    static func test(_ configuration: SMTPConfiguration) -> SMTPPool {
        SMTPPool(configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.any())
    }
}
