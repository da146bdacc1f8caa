import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// The one way out over HTTP.
///
/// It never follows a redirect, accepts no compressed answer, reads no more than it was told to, and ends every exchange at its deadline.
/// Where a user chose the address, it reaches the public Internet only and connects to exactly the address that it checked.
public final class SafeHTTP: Sendable {
    /// Who chose the address, and so where it may lead.
    public enum Destination: Sendable {
        /// An operator's setting: private addresses are allowed.
        case configured
        /// A user's choice: private, loopback, link-local, multicast and other special networks are refused.
        case userSupplied
    }

    /// One request, whole in memory.
    public struct Request: Sendable {
        public var method: String
        public var url: String
        public var headers: [(String, String)]
        public var body: [UInt8]
        public var destination: Destination
        /// For the whole exchange, from resolving the name to the last byte of the answer.
        public var timeout: Duration
        public var maxResponseBytes: Int
        /// For ``Destination/userSupplied``: whether an unencrypted address will do.
        public var allowsPlainHTTP = false

        public init(
            method: String, url: String, headers: [(String, String)] = [], body: [UInt8] = [], destination: Destination,
            timeout: Duration = .seconds(15), maxResponseBytes: Int = 1 << 20
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.destination = destination
            self.timeout = timeout
            self.maxResponseBytes = maxResponseBytes
        }
    }

    /// One answer, whole in memory and no larger than the request allowed.
    public struct Response: Sendable {
        public var status: Int
        public var headers: [(String, String)]
        public var body: [UInt8]

        public init(status: Int, headers: [(String, String)], body: [UInt8]) {
            self.status = status
            self.headers = headers
            self.body = body
        }

        /// The first value of this name, in whatever case it is written.
        public func header(_ name: String) -> String? {
            headers.first { $0.0.utf8.count == name.utf8.count && $0.0.lowercased() == name.lowercased() }?.1
        }
    }

    /// Why there is no answer; never repeats the address, a header or the body.
    public enum Failure: Error, Sendable, Hashable {
        /// Never sent: a bad address, a private network, a header that can not be sent.
        case refused(String)
        /// There was no connection; nothing was written.
        case connection(String)
        case timeout(requestWritten: Bool)
        /// The request was written and answered with this status; the body is larger than the caller wanted.
        case responseTooLarge(status: Int)
        /// The request was written; its outcome is unknown.
        case protocolError(String)
        case cancelled
    }

    /// Gives a name's addresses; tests bring their own.
    public typealias Resolve = @Sendable (_ name: String, any EventLoop) -> EventLoopFuture<[NetworkAddress]>

    private let loop: any EventLoop
    private let direct: HTTPClient
    private let pinned: PinnedClients
    private let resolver = HostResolver()
    private let resolve: Resolve?
    private let refusal: @Sendable (NetworkAddress) -> String?

    /// - Parameters:
    ///   - connectionsPerHost: requests beyond that wait for a connection; their timeout runs meanwhile.
    ///   - tls: trust beyond the system's; certificates are always verified.
    ///   - refusal: which addresses a user may not choose.
    public convenience init(
        eventLoopGroup: any EventLoopGroup, connectionsPerHost: Int = 64, connectTimeout: Duration = .seconds(10),
        tls: TLSConfiguration? = nil
    ) {
        self.init(
            eventLoopGroup: eventLoopGroup, connectionsPerHost: connectionsPerHost, connectTimeout: connectTimeout, tls: tls, resolve: nil,
            refusal: NetworkAddressRule.refusal)
    }

    init(
        eventLoopGroup: any EventLoopGroup, connectionsPerHost: Int, connectTimeout: Duration, tls: TLSConfiguration?, resolve: Resolve?,
        refusal: @escaping @Sendable (NetworkAddress) -> String?
    ) {
        // All on one loop: whether a request was written is then known for certain at the moment it fails.
        let loop = eventLoopGroup.any()
        var tlsConfiguration = tls ?? .makeClientConfiguration()
        tlsConfiguration.certificateVerification = .fullVerification
        var configuration = HTTPClient.Configuration(tlsConfiguration: tlsConfiguration, redirectConfiguration: .disallow)
        configuration.timeout = HTTPClient.Configuration.Timeout(connect: TimeAmount(connectTimeout))
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, connectionsPerHost)
        // A refused connection is said at once; who asks again later decides that.
        configuration.connectionPool.retryConnectionEstablishment = false
        self.loop = loop
        self.resolve = resolve
        self.refusal = refusal
        let shared = configuration
        direct = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: shared)
        pinned = PinnedClients { key in
            var configuration = shared
            configuration.dnsOverride = [key.host: key.address.description]
            return HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: configuration)
        }
    }

    deinit {
        let direct = direct
        let resolver = resolver
        // For owners who forgot ``shutdown()``: the library traps when a client goes without one.
        Task {
            try? await direct.shutdown()
            await resolver.shutdown()
        }
    }

    /// Ends open exchanges; nothing can be sent after it.
    public func shutdown() async {
        try? await direct.shutdown()
        await pinned.shutdown()
        await resolver.shutdown()
    }

    /// Sends a request once and reads its answer, whatever its status; a redirect is an answer like any other.
    public func send(_ request: Request) async throws(Failure) -> Response {
        let deadline = NIODeadline.now() + TimeAmount(request.timeout)
        let address: WebAddress
        do {
            address = try WebAddress(request.url)
        } catch {
            throw .refused(error.description)
        }
        guard case .userSupplied = request.destination else {
            return try await exchange(request, address, on: direct, deadline)
        }
        guard address.isEncrypted || request.allowsPlainHTTP else { throw .refused("the address must begin with https://") }
        switch address.host {
        case .address(let literal):
            if let reason = refusal(literal) { throw .refused("the address lies in a network that is not public (\(reason))") }
            return try await exchange(request, address, on: direct, deadline)
        case .name(let name):
            if let reason = address.nameRefusal { throw .refused(reason) }
            let checked = try await checkedAddresses(of: name, deadline)
            return try await exchange(request, address, named: name, at: checked, deadline)
        }
    }

    /// Tries one checked address after another while nothing was written.
    private func exchange(
        _ request: Request, _ address: WebAddress, named name: String, at checked: [NetworkAddress], _ deadline: NIODeadline
    ) async throws(Failure) -> Response {
        var failure = Failure.connection("the host has no address")
        for pinnedAddress in checked.prefix(3) {
            let key = PinnedClients.Key(host: name, address: pinnedAddress)
            guard let client = pinned.acquire(key) else { throw .cancelled }
            defer { pinned.release(key) }
            do {
                return try await exchange(request, address, on: client, deadline)
            } catch {
                guard case .connection = error, NIODeadline.now() < deadline else { throw error }
                failure = error
            }
        }
        throw failure
    }

    /// All of a name's addresses, of which not one may be private: whoever mixes them has something in mind.
    private func checkedAddresses(of name: String, _ deadline: NIODeadline) async throws(Failure) -> [NetworkAddress] {
        let answer = resolve?(name, loop) ?? resolver.addresses(of: name, on: loop)
        let promise = loop.makePromise(of: [NetworkAddress]?.self)
        let timer = loop.scheduleTask(deadline: deadline) { promise.succeed(nil) }
        answer.whenComplete { result in
            timer.cancel()
            promise.completeWith(result.map(Optional.some))
        }
        let addresses: [NetworkAddress]?
        do {
            addresses = try await promise.futureResult.get()
        } catch {
            throw .connection("the host's name is not known")
        }
        guard let addresses else { throw .timeout(requestWritten: false) }
        for address in addresses {
            if let reason = refusal(address) { throw .refused("the host lies in a network that is not public (\(reason))") }
        }
        return addresses
    }

    private func exchange(
        _ request: Request, _ address: WebAddress, on client: HTTPClient, _ deadline: NIODeadline
    ) async throws(Failure) -> Response {
        let outgoing = try Self.outgoing(request, address)
        let exchange = HTTPExchange(limit: max(0, request.maxResponseBytes))
        let task = client.execute(request: outgoing, delegate: exchange, deadline: deadline)
        do {
            return try await withTaskCancellationHandler {
                try await task.futureResult.get()
            } onCancel: {
                task.cancel()
            }
        } catch {
            throw Failure(error, wasWritten: exchange.wasWritten)
        }
    }

    private static func outgoing(_ request: Request, _ address: WebAddress) throws(Failure) -> HTTPClient.Request {
        guard !request.method.isEmpty, request.method.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
            throw .refused("the method is no method")
        }
        var headers = HTTPHeaders()
        for (name, value) in request.headers {
            guard !["", "host", "content-length", "transfer-encoding", "connection"].contains(name.lowercased()) else {
                throw .refused("a header that is not the caller's")
            }
            headers.add(name: name, value: value)
        }
        if !headers.contains(name: "user-agent") { headers.add(name: "User-Agent", value: "Rapport") }
        headers.replaceOrAdd(name: "Accept-Encoding", value: "identity")
        do {
            return try HTTPClient.Request(
                url: address.text, method: HTTPMethod(rawValue: request.method), headers: headers,
                body: request.body.isEmpty ? nil : .byteBuffer(ByteBuffer(bytes: request.body)))
        } catch {
            throw .refused("the address is none")
        }
    }
}

extension SafeHTTP.Failure {
    init(_ error: any Error, wasWritten: Bool) {
        let known = error as? HTTPClientError
        switch known {
        case .cancelled:
            self = .cancelled
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            self = .timeout(requestWritten: wasWritten)
        case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
            self = .timeout(requestWritten: wasWritten)
        case .alreadyShutdown:
            self = .cancelled
        default:
            if let answer = error as? HTTPExchange.TooLarge {
                self = .responseTooLarge(status: answer.status)
            } else if wasWritten {
                self = .protocolError(known?.shortDescription ?? "the answer can not be read")
            } else if let known, known.isRefusal {
                self = .refused(known.shortDescription)
            } else {
                self = .connection(known?.shortDescription ?? "\(type(of: error))")
            }
        }
    }
}

extension HTTPClientError {
    /// Refused by the client before anything was connected.
    fileprivate var isRefusal: Bool {
        ["Invalid header field names", "Invalid header field values", "Invalid URL", "Empty host", "Trace request with body"]
            .contains(shortDescription)
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let capped = min(max(seconds, 0), 86_400)
        self = .nanoseconds(capped * 1_000_000_000 + max(attoseconds, 0) / 1_000_000_000)
    }
}
