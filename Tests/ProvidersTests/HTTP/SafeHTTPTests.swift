import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Providers

@Suite("The one way out over HTTP", .timeLimit(.minutes(5)))
struct SafeHTTPTests {
    private static let noAddress: SafeHTTP.Resolve = { _, loop in loop.makeFailedFuture(HostResolver.Failure()) }

    private func client(
        resolve: @escaping SafeHTTP.Resolve = noAddress,
        refusal: @escaping @Sendable (NetworkAddress) -> String? = NetworkAddressRule.refusal
    ) -> SafeHTTP {
        SafeHTTP(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectionsPerHost: 4, connectTimeout: .seconds(30), tls: nil,
            resolve: resolve, refusal: refusal)
    }

    private func request(
        _ url: String, _ destination: SafeHTTP.Destination = .configured, timeout: Duration = .seconds(60), limit: Int = 1 << 16
    ) -> SafeHTTP.Request {
        var request = SafeHTTP.Request(
            method: "POST", url: url, headers: [("X-Test", "1")], body: Array("hello".utf8), destination: destination, timeout: timeout,
            maxResponseBytes: limit)
        request.allowsPlainHTTP = true
        return request
    }

    private func failure(_ client: SafeHTTP, _ request: SafeHTTP.Request) async -> SafeHTTP.Failure? {
        do {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test("a request arrives whole and its answer comes back")
    func exchange() async throws {
        let server = try await RawServer(always: RawServer.http("201 Created", "{\"a\":1}", headers: "X-Answer: yes\r\n"))
        let client = client()
        let response = try await client.send(request(server.url + "/path?q=1#fragment"))
        #expect(response.status == 201)
        #expect(String(decoding: response.body, as: UTF8.self) == "{\"a\":1}")
        #expect(response.header("x-answer") == "yes")
        #expect(response.header("missing") == nil)
        let seen = try #require(server.requests.first)
        #expect(seen.hasPrefix("POST /path?q=1 HTTP/1.1\r\n"))
        #expect(seen.contains("X-Test: 1\r\n") && seen.hasSuffix("\r\n\r\nhello"))
        #expect(seen.lowercased().contains("accept-encoding: identity\r\n"))
        await client.shutdown()
        await server.stop()
    }

    @Test("a redirect is an answer and is not followed", arguments: ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
    func redirect(status: String) async throws {
        let target = try await RawServer(always: RawServer.http("200 OK", "secret"))
        let server = try await RawServer(always: RawServer.http(status, "", headers: "Location: \(target.url)/\r\n"))
        let client = client()
        let response = try await client.send(request(server.url))
        #expect(response.status == Int(status.prefix(3)))
        #expect(target.requests.isEmpty)
        await client.shutdown()
        await server.stop()
        await target.stop()
    }

    @Test("an answer larger than its bound is cut off, announced or not")
    func tooLarge() async throws {
        let announced = try await RawServer(always: .bytes("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx"))
        let chunked = try await RawServer(
            always: .endless(
                head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk: "400\r\n\(String(repeating: "a", count: 1024))\r\n"))
        let unframed = try await RawServer(always: .endless(head: "HTTP/1.1 200 OK\r\n\r\n", chunk: String(repeating: "a", count: 4096)))
        let client = client()
        for server in [announced, chunked, unframed] {
            #expect(await failure(client, request(server.url, limit: 10_000)) == .responseTooLarge(status: 200))
            await server.stop()
        }
        await client.shutdown()
    }

    @Test("an answer of exactly the bound is read")
    func exactBound() async throws {
        let server = try await RawServer(always: RawServer.http("200 OK", "12345"))
        let client = client()
        #expect(try await client.send(request(server.url, limit: 5)).body.count == 5)
        #expect(await failure(client, request(server.url, limit: 4)) == .responseTooLarge(status: 200))
        await client.shutdown()
        await server.stop()
    }

    @Test("who never answers runs into the deadline, after the request was written")
    func silence() async throws {
        let server = try await RawServer(always: .silence)
        let slow = try await RawServer(always: .bytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123"))
        let client = client()
        #expect(await failure(client, request(server.url, timeout: .seconds(4))) == .timeout(requestWritten: true))
        guard case .protocolError = await failure(client, request(slow.url)) else {
            Issue.record("a cut-off body is an error of the protocol")
            return
        }
        await client.shutdown()
        await server.stop()
        await slow.stop()
    }

    @Test("a connection that is never made has written nothing")
    func notWritten() async throws {
        // Nobody listens there any more.
        let server = try await RawServer(always: .silence)
        await server.stop()
        let client = client()
        guard case .connection = await failure(client, request(server.url)) else {
            Issue.record("a refused connection is no connection")
            return
        }
        // TLS that never begins: connected, but not one byte of the request was written.
        let mute = try await RawServer(always: .silence)
        let tls = request("https://127.0.0.1:\(mute.port)/", timeout: .milliseconds(300))
        #expect(await failure(client, tls) == .timeout(requestWritten: false))
        await mute.stop()
        await client.shutdown()
    }

    @Test(
        "answers that are none are errors of the protocol",
        arguments: ["", "garbage\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "\0\0\0\0", "SSH-2.0-OpenSSH\r\n"])
    func garbage(answer: String) async throws {
        let server = try await RawServer(always: .bytes(answer))
        let client = client()
        guard case .protocolError = await failure(client, request(server.url)) else {
            Issue.record("expected an error of the protocol")
            return
        }
        await client.shutdown()
        await server.stop()
    }

    @Test("an endless head ends")
    func endlessHead() async throws {
        let server = try await RawServer(
            always: .endless(head: "HTTP/1.1 200 OK\r\n", chunk: "X-A: \(String(repeating: "a", count: 1000))\r\n"))
        let client = client()
        guard case .protocolError = await failure(client, request(server.url)) else {
            Issue.record("expected an error of the protocol")
            return
        }
        await client.shutdown()
        await server.stop()
    }

    @Test("headers and methods that could smuggle something are refused before anything is connected")
    func smuggling() async throws {
        let server = try await RawServer(always: RawServer.http("200 OK", ""))
        let client = client()
        for (name, value) in [
            ("X", "a\r\nHost: b"), ("X", "a\nb"), ("X\r\nY", "a"), ("X Y", "a"), ("", "a"), ("Host", "other"), ("Content-Length", "1"),
            ("Transfer-Encoding", "chunked"), ("Connection", "x"), ("X", "a\0b"),
        ] {
            var bad = request(server.url)
            bad.headers = [(name, value)]
            guard case .refused = await failure(client, bad) else {
                Issue.record("\(name) was sent")
                continue
            }
        }
        for method in ["", "GET /\r\n", "get", "A B"] {
            var bad = request(server.url)
            bad.method = method
            guard case .refused = await failure(client, bad) else {
                Issue.record("\(method) was sent")
                continue
            }
        }
        #expect(server.requests.isEmpty)
        await client.shutdown()
        await server.stop()
    }

    @Test("a user's address is resolved once, checked, and connected to as it was checked")
    func pinned() async throws {
        let server = try await RawServer(always: RawServer.http("200 OK", "hi"))
        let asked = Mutex<[String]>([])
        // A name that exists nowhere: only the pinned address can have led to the server.
        let client = client(
            resolve: { name, loop in
                asked.withLock { $0.append(name) }
                return loop.makeSucceededFuture([.v4(0x7F00_0001)])
            }, refusal: { _ in nil })
        let response = try await client.send(request("http://Hooks.Example.invalid:\(server.port)/x", .userSupplied))
        #expect(response.status == 200)
        #expect(asked.withLock { $0 } == ["hooks.example.invalid"])
        #expect(server.requests.first?.lowercased().contains("host: hooks.example.invalid:\(server.port)\r\n") == true)
        await client.shutdown()
        await server.stop()
    }

    @Test("one private address among a name's addresses refuses the name")
    func mixedAddresses() async throws {
        let server = try await RawServer(always: RawServer.http("200 OK", "hi"))
        for addresses in [
            [NetworkAddress.v4(0x7F00_0001)], [.v4(0x0808_0808), .v4(0x0A00_0001)], [.v6(high: 0, low: 1)],
            [.v4(0x0808_0808), .v6(high: 0xFD00_0000_0000_0000, low: 1)],
        ] {
            let client = client(resolve: { _, loop in loop.makeSucceededFuture(addresses) })
            guard case .refused = await failure(client, request("http://rebind.example.com:\(server.port)/", .userSupplied)) else {
                Issue.record("\(addresses) was connected to")
                continue
            }
            await client.shutdown()
        }
        #expect(server.requests.isEmpty)
        await server.stop()
    }

    @Test("the next checked address is tried where the first one takes no connection")
    func secondAddress() async throws {
        let server = try await RawServer(always: RawServer.http("200 OK", "hi"))
        // Nobody listens on 127.0.0.2 at that port.
        let client = client(
            resolve: { _, loop in loop.makeSucceededFuture([.v4(0x7F00_0002), .v4(0x7F00_0001)]) }, refusal: { _ in nil })
        let response = try await client.send(request("http://two.example.com:\(server.port)/", .userSupplied))
        #expect(response.status == 200)
        await client.shutdown()
        await server.stop()
    }

    @Test("names that do not resolve, or never, are told apart")
    func resolution() async throws {
        let unknown = client()
        guard case .connection = await failure(unknown, request("http://nobody.example.com/", .userSupplied)) else {
            Issue.record("an unknown name is no connection")
            return
        }
        let pending = Mutex<[EventLoopPromise<[NetworkAddress]>]>([])
        let hanging = client(resolve: { _, loop in
            let promise = loop.makePromise(of: [NetworkAddress].self)
            pending.withLock { $0.append(promise) }
            return promise.futureResult
        })
        let slow = request("http://slow.example.com/", .userSupplied, timeout: .milliseconds(100))
        #expect(await failure(hanging, slow) == .timeout(requestWritten: false))
        for promise in pending.withLock({ $0 }) { promise.succeed([]) }
        await unknown.shutdown()
        await hanging.shutdown()
    }

    @Test("a user's address must be https unless the caller says otherwise")
    func plainHTTP() async {
        let client = client()
        var plain = request("http://hooks.example.com/", .userSupplied)
        plain.allowsPlainHTTP = false
        #expect(await failure(client, plain) == .refused("the address must begin with https://"))
        await client.shutdown()
    }

    @Test("nothing can be sent after the shutdown")
    func shutdown() async throws {
        let client = client(resolve: { _, loop in loop.makeSucceededFuture([.v4(0x7F00_0001)]) }, refusal: { _ in nil })
        await client.shutdown()
        #expect(await failure(client, request("http://127.0.0.1:1/")) == .cancelled)
        #expect(await failure(client, request("http://a.example.com:1/", .userSupplied)) == .cancelled)
    }

    @Test("a cancelled task ends its exchange")
    func cancelled() async throws {
        let server = try await RawServer(always: .silence)
        let client = client()
        let task = Task { await failure(client, request(server.url, timeout: .seconds(60))) }
        while server.requests.isEmpty { await Task.yield() }
        task.cancel()
        #expect(await task.value == .cancelled)
        await client.shutdown()
        await server.stop()
    }
}
