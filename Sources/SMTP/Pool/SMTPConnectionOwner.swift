/// What a connection asks of and tells the pool that holds it. All calls happen on the pool's event loop.
protocol SMTPConnectionOwner: AnyObject {
    /// Banner, TLS and authentication are done; the connection takes mail.
    func connectionReady(_ connection: SMTPConnection)
    /// The next mail to send; nil when none waits or the pool is stopping.
    func nextMail() -> OutgoingMail?
    /// The connection has nothing to do until `SMTPConnection.work()` is called.
    func connectionIdle(_ connection: SMTPConnection)
    /// The connection takes no more mail and is being closed. `failure` is nil after an orderly QUIT.
    func connectionEnded(_ connection: SMTPConnection, failure: SMTPFailure?)
    /// A mail that was taken by `nextMail()` is done with.
    func mailFinished(_ mail: OutgoingMail, _ result: Result<SMTPReceipt, SMTPFailure>)
}
