import NIOCore

/// The pool's state. Everything here happens on one event loop: no locks, no actors.
final class PoolCore: SMTPConnectionOwner {
    /// Opens a channel with the given handler in it. Replaced in tests.
    typealias Connect = (SMTPConnection) -> EventLoopFuture<any Channel>

    let eventLoop: any EventLoop
    let configuration: SMTPConfiguration
    private let counters: PoolCounters
    private let makeConnection: (PoolCore) throws -> SMTPConnection
    private let connect: Connect

    private var queue = MailQueue()
    /// Connections that take mail or are about to.
    private var connections: [SMTPConnection] = []
    private var idle: [SMTPConnection] = []
    private var connecting = 0
    /// Every connection whose channel is not closed yet.
    private var channels: [ObjectIdentifier: SMTPConnection] = [:]
    private var inFlight = 0

    private var outage = Outage()
    private var wasReady = false
    private var reconnectTask: Scheduled<Void>?
    private var expiryTask: Scheduled<Void>?
    private var isStopping = false
    private var whenStopped: [() -> Void] = []

    init(
        configuration: SMTPConfiguration, eventLoop: any EventLoop, counters: PoolCounters,
        makeConnection: @escaping (PoolCore) throws -> SMTPConnection, connect: @escaping Connect
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.counters = counters
        self.makeConnection = makeConnection
        self.connect = connect
    }

    // MARK: From the outside

    func submit(_ mails: [OutgoingMail]) {
        if isStopping { return fail(mails, Self.stopped) }
        let now = eventLoop.now
        if let refusal = outage.refusal(at: now) { return fail(mails, refusal) }
        for mail in mails { queue.append(mail, at: now) }
        while !queue.isEmpty, let connection = idle.popLast() { connection.work() }
        openIfNeeded()
        scheduleExpiry()
        publish()
    }

    /// No new mail; what waits fails as transient, what is on the way may finish until `abort` is called.
    func stop(whenStopped done: @escaping () -> Void) {
        isStopping = true
        whenStopped.append(done)
        reconnectTask?.cancel()
        expiryTask?.cancel()
        fail(queue.removeAll(), Self.stopped)
        for connection in connections { connection.finish() }
        checkStopped()
        publish()
    }

    /// Closes what is still open.
    func abort() {
        let failure = SMTPFailure(.transient, phase: .queue, text: "the pool was stopped before the mail was finished")
        for connection in Array(channels.values) + connections { connection.abort(failure) }
        // A peer that never answers the closing of TLS must not hold up the stop.
        channels = [:]
        checkStopped()
        publish()
    }

    // MARK: SMTPConnectionOwner

    func connectionReady(_ connection: SMTPConnection) {
        connecting -= 1
        wasReady = true
        outage.end()
        reconnectTask?.cancel()
        reconnectTask = nil
        openIfNeeded()
    }

    func nextMail() -> OutgoingMail? {
        guard !isStopping, let mail = queue.popFirst() else { return nil }
        inFlight += 1
        return mail
    }

    func connectionIdle(_ connection: SMTPConnection) {
        idle.append(connection)
        publish()
    }

    func mailFinished(_ mail: OutgoingMail, _ result: Result<SMTPReceipt, SMTPFailure>) {
        inFlight -= 1
        publish()
        mail.completion(result)
    }

    func connectionEnded(_ connection: SMTPConnection, failure: SMTPFailure?) {
        guard let index = connections.firstIndex(where: { $0 === connection }) else { return }
        connections.remove(at: index)
        idle.removeAll { $0 === connection }
        if connection.isSettingUp {
            connecting -= 1
            attemptFailed(failure ?? Self.stopped)
        } else {
            // A server that says 421 wants to be left alone for a moment; one that merely vanished is dialled again at once.
            if failure?.code == 421 { outage.rest(at: eventLoop.now, configuration: configuration) }
            openIfNeeded()
        }
        publish()
    }

    // MARK: Opening

    private func openIfNeeded() {
        guard !isStopping else { return }
        // Until a connection has been made, and again while the server is down, one attempt at a time finds out: eight wrong
        // passwords at once would lock the account.
        let isProven = connections.count > connecting || (wasReady && !outage.isOngoing)
        let limit = isProven ? configuration.maxConnections : 1
        while connections.count < limit, queue.count > connecting {
            if let pause = outage.pause(at: eventLoop.now) { return scheduleReconnect(after: pause) }
            open()
        }
    }

    private func open() {
        outage.attemptStarted(at: eventLoop.now)
        if let problem = configuration.problem { return attemptFailed(problem) }
        let connection: SMTPConnection
        do {
            connection = try makeConnection(self)
        } catch {
            let text = "TLS could not be configured: \(error)"
            return attemptFailed(SMTPFailure(.transient, phase: .tls, text: text, underlying: error))
        }
        connections.append(connection)
        connecting += 1
        connect(connection).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                self.channels[ObjectIdentifier(connection)] = connection
                channel.closeFuture.assumeIsolated().whenComplete { _ in
                    self.channels[ObjectIdentifier(connection)] = nil
                    self.checkStopped()
                }
                if self.isStopping { connection.finish() }
            case .failure(let error):
                connection.abort(
                    SMTPFailure(.transient, phase: .connect, text: "no connection: \(error)", underlying: error))
                self.checkStopped()
            }
        }
    }

    private func attemptFailed(_ failure: SMTPFailure) {
        guard !isStopping else { return checkStopped() }
        outage.attemptFailed(failure, at: eventLoop.now, configuration: configuration)
        // Credentials are the same for every connection; more attempts would lock the account.
        if failure.category == .authFailure || failure.category == .invalidInput {
            fail(queue.removeAll(), failure)
        }
        scheduleExpiry()
        openIfNeeded()
    }

    private func scheduleReconnect(after pause: TimeAmount) {
        guard reconnectTask == nil else { return }
        reconnectTask = eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.reconnectTask = nil
            self.openIfNeeded()
            self.publish()
        }
    }

    // MARK: Outage

    private var isDown: Bool { outage.isOngoing && connections.count == connecting }

    private func scheduleExpiry() {
        guard isDown, expiryTask == nil, let oldest = queue.oldest, let downSince = outage.since else { return }
        let due = max(oldest, downSince) + configuration.maxWaitWhileDown
        expiryTask = eventLoop.assumeIsolated().scheduleTask(deadline: max(due, eventLoop.now)) {
            self.expiryTask = nil
            self.expireWaiting()
        }
    }

    private func expireWaiting() {
        guard isDown, let downSince = outage.since, let failure = outage.lastFailure else { return }
        let limit = eventLoop.now - configuration.maxWaitWhileDown
        if downSince <= limit {
            var transient = failure
            transient.category = .transient
            fail(queue.removeAll(waitingSince: limit), transient)
        }
        scheduleExpiry()
        publish()
    }

    private func fail(_ mails: [OutgoingMail], _ failure: SMTPFailure) {
        for mail in mails { mail.completion(.failure(failure)) }
    }

    private func checkStopped() {
        guard isStopping, connections.isEmpty, channels.isEmpty else { return }
        let waiting = whenStopped
        whenStopped = []
        for done in waiting { done() }
    }

    private func publish() {
        counters.publish(
            open: connections.count, busy: connections.count - idle.count - connecting, waiting: queue.count, inFlight: inFlight)
    }

    private static var stopped: SMTPFailure {
        SMTPFailure(.transient, phase: .queue, text: "the pool is stopping; the mail was not sent")
    }
}
