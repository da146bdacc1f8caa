import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The client's state: connections and what waits for one. Everything here happens on one event loop: no locks, no actors.
final class RedisPoolCore: RedisConnectionOwner {
    typealias Connect = (RedisConnection) -> EventLoopFuture<any Channel>

    /// Another connection is opened when every one has more under way than this: fewer connections with more on each cost both sides
    /// less, but one long answer holds up all behind it.
    private static let spillAbove = 64

    private let eventLoop: any EventLoop
    private let configuration: RedisConfiguration
    private let publish: (RedisPoolSnapshot) -> Void
    private let makeConnection: (RedisPoolCore) throws -> RedisConnection
    private let connect: Connect

    /// Connections that are usable or about to be.
    private var connections: [RedisConnection] = []
    /// Every connection whose channel is not closed yet.
    private var channels: [ObjectIdentifier: any Channel] = [:]
    private var waiting = CircularBuffer<RedisRequest>()
    /// From the decision to open a connection until it is ready or has failed.
    private var isConnecting = false
    private var isDialling = false
    private var unfinished = 0
    private var backoff: Backoff
    private var reconnectTask: Scheduled<Void>?
    private var expiryTask: Scheduled<Void>?
    private var isStopping = false
    private var whenStopped: [() -> Void] = []

    init(
        configuration: RedisConfiguration, eventLoop: any EventLoop, random: @escaping () -> Double = { .random(in: 0...1) },
        publish: @escaping (RedisPoolSnapshot) -> Void = { _ in }, makeConnection: @escaping (RedisPoolCore) throws -> RedisConnection,
        connect: @escaping Connect
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.publish = publish
        self.makeConnection = makeConnection
        self.connect = connect
        backoff = Backoff(first: configuration.reconnectDelay, longest: configuration.maxReconnectDelay, random: random)
    }

    // MARK: From the outside

    func submit(_ requests: [RedisRequest]) {
        let deadline = eventLoop.now + configuration.commandTimeout
        var accepted: [RedisRequest] = []
        accepted.reserveCapacity(requests.count)
        for var request in requests {
            if isStopping {
                request.completion(.failure(.shutDown))
            } else if unfinished >= configuration.maxPending {
                request.completion(.failure(.overloaded))
            } else {
                unfinished += 1
                request.deadline = deadline
                accepted.append(request)
            }
        }
        if waiting.isEmpty, let connection = leastLoaded() {
            connection.send(accepted)
            if connection.load > Self.spillAbove { openIfAllowed() }
        } else {
            waiting.append(contentsOf: accepted)
            openIfAllowed()
            scheduleExpiry()
        }
        publishSnapshot()
    }

    /// No new commands; what waits fails, what is under way may finish until `abort` is called.
    func stop(whenStopped done: @escaping () -> Void) {
        isStopping = true
        whenStopped.append(done)
        reconnectTask?.cancel()
        expiryTask?.cancel()
        failWaiting(.shutDown)
        for connection in connections where connection.load == 0 { connection.close(.shutDown) }
        checkStopped()
    }

    func abort() {
        for connection in connections { connection.close(.shutDown) }
        // A peer that never answers the closing of TLS must not hold up the stop.
        channels = [:]
        isDialling = false
        checkStopped()
    }

    // MARK: RedisConnectionOwner

    func connectionReady(_ connection: RedisConnection) {
        isConnecting = false
        backoff.succeeded()
        if !waiting.isEmpty {
            let requests = Array(waiting)
            waiting.removeAll(keepingCapacity: true)
            expiryTask?.cancel()
            expiryTask = nil
            connection.send(requests)
        }
        if isStopping { connection.close(.shutDown) }
        publishSnapshot()
    }

    func connectionProgressed(_ connection: RedisConnection, finished: Int) {
        unfinished -= finished
        if isStopping, connection.load == 0 { connection.close(.shutDown) }
        publishSnapshot()
    }

    func connectionEnded(_ connection: RedisConnection, failure: RESPError, wasReady: Bool, finished: Int) {
        unfinished -= finished
        connections.removeAll { $0 === connection }
        if !wasReady {
            isConnecting = false
            attemptFailed(failure)
        }
        publishSnapshot()
        checkStopped()
    }

    // MARK: Opening

    private func leastLoaded() -> RedisConnection? {
        var best: RedisConnection?
        for connection in connections where connection.isReady {
            guard let known = best else {
                best = connection
                continue
            }
            if connection.load < known.load { best = connection }
        }
        return best
    }

    /// One attempt at a time: ten wrong passwords at once would lock an account, and ten attempts tell no more than one.
    private func openIfAllowed() {
        guard !isStopping, !isConnecting, connections.count < configuration.maxConnections else { return }
        if let pause = backoff.pause(at: eventLoop.now) { return scheduleReconnect(after: pause) }
        if let problem = configuration.problem { return attemptFailed(problem) }
        let connection: RedisConnection
        do {
            connection = try makeConnection(self)
        } catch {
            return attemptFailed(.configuration("TLS could not be configured; is the certificate authority's file PEM?"))
        }
        isConnecting = true
        isDialling = true
        connections.append(connection)
        connect(connection).assumeIsolated().whenComplete { result in self.connected(connection, result) }
    }

    private func connected(_ connection: RedisConnection, _ result: Result<any Channel, any Error>) {
        isDialling = false
        switch result {
        case .success(let channel):
            guard channel.isActive else { return checkStopped() }
            channels[ObjectIdentifier(connection)] = channel
            channel.closeFuture.assumeIsolated().whenComplete { _ in self.channelClosed(connection) }
        case .failure(let error):
            connection.close(.noConnection(Self.words(for: error)))
            checkStopped()
        }
    }

    private static func words(for error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty { return "no address is known for the server's name" }
            return error.connectionErrors.last.map { words(for: $0.error) } ?? "the server can not be reached"
        case let error as IOError where error.errnoCode == ECONNREFUSED: return "connection refused"
        case ChannelError.connectTimeout: return "no answer in time"
        default: return "the server can not be reached"
        }
    }

    private func channelClosed(_ connection: RedisConnection) {
        channels[ObjectIdentifier(connection)] = nil
        checkStopped()
    }

    private func attemptFailed(_ failure: RESPError) {
        backoff.failed(failure, at: eventLoop.now)
        failWaiting(failure)
        publishSnapshot()
    }

    private func scheduleReconnect(after pause: TimeAmount) {
        guard reconnectTask == nil else { return }
        reconnectTask = eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.reconnectTask = nil
            if !self.waiting.isEmpty { self.openIfAllowed() }
        }
    }

    // MARK: Waiting

    private func failWaiting(_ failure: RESPError) {
        let requests = waiting
        waiting.removeAll(keepingCapacity: true)
        unfinished -= requests.count
        for request in requests { request.completion(.failure(failure)) }
    }

    /// All have the same time, so the oldest is the first to be late.
    private func scheduleExpiry() {
        guard expiryTask == nil, let oldest = waiting.first else { return }
        expiryTask = eventLoop.assumeIsolated().scheduleTask(deadline: oldest.deadline) {
            self.expiryTask = nil
            self.expireWaiting()
        }
    }

    private func expireWaiting() {
        let now = eventLoop.now
        while let oldest = waiting.first, oldest.deadline <= now {
            waiting.removeFirst()
            unfinished -= 1
            oldest.completion(.failure(backoff.lastFailure ?? .timeout(sent: false)))
        }
        scheduleExpiry()
        publishSnapshot()
    }

    private func checkStopped() {
        guard isStopping, connections.isEmpty, channels.isEmpty, !isDialling else { return }
        let done = whenStopped
        whenStopped = []
        for call in done { call() }
    }

    private func publishSnapshot() {
        let inUse = connections.count { $0.load > 0 }
        publish(RedisPoolSnapshot(open: connections.count { $0.isReady }, inUse: inUse, pending: unfinished))
    }
}
