import NIOCore

/// One connection that goes as far as authentication and says QUIT.
final class ServerProbe: SMTPConnectionOwner {
    private var done: ((Result<ServerGreeting, SMTPFailure>) -> Void)?

    private init(_ done: @escaping (Result<ServerGreeting, SMTPFailure>) -> Void) {
        self.done = done
    }

    static func run(
        configuration: SMTPConfiguration, dialer: SMTPDialer, _ done: @escaping (Result<ServerGreeting, SMTPFailure>) -> Void
    ) {
        let probe = ServerProbe(done)
        if let problem = configuration.problem { return probe.finish(.failure(problem)) }
        do {
            let connection = try dialer.makeConnection(owner: probe)
            dialer.connect(connection).assumeIsolated().whenFailure { error in
                connection.abort(
                    SMTPFailure(.transient, phase: .connect, text: "no connection: \(error)", underlying: error))
            }
        } catch {
            let text = "TLS could not be configured: \(error)"
            probe.finish(.failure(SMTPFailure(.transient, phase: .tls, text: text, underlying: error)))
        }
    }

    func connectionReady(_ connection: SMTPConnection) {
        let setup = connection.setup
        finish(
            .success(
                ServerGreeting(
                    banner: setup.banner, capabilities: setup.capabilities, isEncrypted: setup.isEncrypted, mechanism: setup.mechanism)))
        connection.finish()
    }

    func nextMail() -> OutgoingMail? { nil }

    func connectionIdle(_ connection: SMTPConnection) {}

    func connectionEnded(_ connection: SMTPConnection, failure: SMTPFailure?) {
        finish(.failure(failure ?? SMTPFailure(.transient, phase: .connect, text: "the connection was closed")))
    }

    func mailFinished(_ mail: OutgoingMail, _ result: Result<SMTPReceipt, SMTPFailure>) {}

    private func finish(_ result: Result<ServerGreeting, SMTPFailure>) {
        let done = self.done
        self.done = nil
        done?(result)
    }
}
