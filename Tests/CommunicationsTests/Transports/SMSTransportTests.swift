import Core
import NIOCore
import NIOPosix
import Providers
import Synchronization
import TestSupport
import Testing

@testable import Communications

@Suite("SMS through Twilio", .timeLimit(.minutes(5)))
struct SMSTransportTests {
    private static let account = "AC00000000000000000000000000000000"
    private static let accepted = RawServer.http("201 Created", #"{"sid":"SM1","status":"queued","num_segments":"1"}"#)
    private static let busy = RawServer.http("429 Too Many Requests", #"{"code":20429,"message":"Too many requests"}"#)
    private static let since = Timestamp(seconds: 1_692_853_200)

    /// A transport that runs against a server with this script.
    private func with(
        _ script: @escaping @Sendable (_ request: String, _ number: Int) -> RawServer.Answer,
        others: [TwilioSender] = [], pauses: (@Sendable (Duration) -> Void)? = nil, _ body: (SMSTransport, RawServer) async throws -> Void
    ) async throws {
        let server = try await RawServer(script)
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectTimeout: .seconds(30))
        let configuration = TwilioConfiguration(accountSID: Self.account, username: Self.account, password: "t", url: server.url)
        let transport = SMSTransport(
            client: TwilioClient(http: http, configuration: configuration, clock: WallClock { Timestamp(seconds: 1_692_853_305) }),
            sender: .number("+15005550006"), others: others, sleep: { pauses?($0) })
        let running = Task { await transport.run() }
        try await body(transport, server)
        await transport.stop(within: .seconds(5))
        await running.value
        await http.shutdown()
        await server.stop()
    }

    private static func fields(_ request: String) -> [String: String] {
        let body = request.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
        return Dictionary(FormEncoding.decode(body.utf8) ?? []) { first, _ in first }
    }

    @Test("a message begins right before its bytes leave, with its typography made cheap")
    func sends() async throws {
        let probe = DeliveryProbe(.text("It’s “here”…"))
        try await with({ _, _ in
            probe.note("request")
            return Self.accepted
        }) { transport, server in
            transport.send([probe.delivery()])
            let receipt = await probe.receipt()
            #expect(receipt?.providerMessageID == "SM1")
            #expect(receipt?.response == "queued, 1 segment")
            #expect(probe.steps == ["render", "begin", "request"])
            let fields = Self.fields(server.requests.first ?? "")
            #expect(fields["Body"] == "It's \"here\"...")
            #expect(fields["From"] == "+15005550006")
            #expect(fields["To"] == "+15551230000")
        }
    }

    @Test("what may no longer begin is never sent")
    func withdrawn() async throws {
        let probe = DeliveryProbe(.text("x")) { _ in false }
        try await with({ _, _ in Self.accepted }) { transport, server in
            transport.send([probe.delivery()])
            #expect(await probe.failure()?.withdrawn == true)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("the delivery's own sender is used, and attachments are said to stay behind")
    func senders() async throws {
        let file = AttachmentUpload(filename: "a.pdf", contentType: "application/pdf", content: [1])
        let probe = DeliveryProbe(.text("x", attachments: [file]))
        try await with({ _, _ in Self.accepted }, others: [.alphanumeric("Rapport")]) { transport, server in
            #expect(transport.senders == ["+15005550006", "Rapport"])
            transport.send([probe.delivery(sender: "Rapport")])
            #expect(await probe.receipt()?.response == "queued, 1 segment, SMS carries no attachments")
            #expect(Self.fields(server.requests.first ?? "")["From"] == "Rapport")
        }
    }

    @Test("an attempt of unknown outcome is looked up, and what is found is not sent again")
    func found() async throws {
        let list =
            #"{"messages":[{"sid":"SM9","date_created":"Thu, 24 Aug 2023 05:00:01 +0000","body":"x","to":"+15551230000","from":"+15005550006","direction":"outbound-api","status":"delivered"}],"next_page_uri":null}"#
        let probe = DeliveryProbe(.text("x"))
        try await with({ _, _ in RawServer.http("200 OK", list) }) { transport, server in
            transport.send([probe.delivery(lookUpSince: Self.since)])
            #expect(await probe.receipt()?.providerMessageID == "SM9")
            #expect(server.requests.count == 1 && server.requests.first?.hasPrefix("GET ") == true)
            #expect(probe.steps == ["render"])
        }
    }

    @Test("what Twilio does not know is sent")
    func notFound() async throws {
        let probe = DeliveryProbe(.text("x"))
        try await with({ request, _ in
            request.hasPrefix("GET ") ? RawServer.http("200 OK", #"{"messages":[],"next_page_uri":null}"#) : Self.accepted
        }) { transport, server in
            transport.send([probe.delivery(lookUpSince: Self.since)])
            #expect(await probe.receipt()?.providerMessageID == "SM1")
            #expect(server.requests.map { $0.prefix(4) } == ["GET ", "POST"])
        }
    }

    @Test(
        "a look-up that fails leaves the outcome unknown and sends nothing",
        arguments: ["503 Unavailable", "401 Unauthorized", "404 Not Found", "200 OK"])
    func lookUpFails(status: String) async throws {
        let probe = DeliveryProbe(.text("x"))
        try await with({ _, _ in RawServer.http(status, "<html>") }) { transport, server in
            transport.send([probe.delivery(lookUpSince: Self.since)])
            #expect(await probe.failure()?.outcomeUnknown == true)
            #expect(server.requests.allSatisfy { $0.hasPrefix("GET ") })
            #expect(!probe.steps.contains("begin"))
        }
    }

    @Test("too many requests at once are repeated a few times, each a new beginning")
    func busy() async throws {
        let pauses = Mutex<[Duration]>([])
        let probe = DeliveryProbe(.text("x"))
        try await with({ _, number in number < 2 ? Self.busy : Self.accepted }, pauses: { pause in pauses.withLock { $0.append(pause) } }) {
            transport, server in
            transport.send([probe.delivery()])
            #expect(await probe.receipt()?.providerMessageID == "SM1")
            #expect(server.requests.count == 3)
            #expect(probe.steps == ["render", "begin", "begin", "begin"])
            let waited = pauses.withLock { $0 }
            #expect(waited.count == 2 && waited[0] >= .milliseconds(100) && waited[1] >= .milliseconds(300))
        }
    }

    @Test("who opts out during such a pause gets nothing")
    func optOutWhileBusy() async throws {
        let probe = DeliveryProbe(.text("x")) { $0 == 0 }
        try await with({ _, _ in Self.busy }) { transport, server in
            transport.send([probe.delivery()])
            #expect(await probe.failure()?.withdrawn == true)
            #expect(server.requests.count == 1)
        }
    }

    @Test("a provider that stays busy, or names a time, is left to the engine")
    func staysBusy() async throws {
        let probe = DeliveryProbe(.text("x"))
        try await with({ _, _ in Self.busy }) { transport, server in
            transport.send([probe.delivery()])
            let failure = await probe.failure()
            #expect(failure?.category == .rateLimit && failure?.outcomeUnknown == false)
            #expect(server.requests.count == 4)
        }
        let patient = DeliveryProbe(.text("x"))
        try await with({ _, _ in
            RawServer.http("429 Too Many Requests", #"{"code":20429,"message":"m"}"#, headers: "Retry-After: 30\r\n")
        }) { transport, server in
            transport.send([patient.delivery()])
            #expect(await patient.failure()?.retryAfter == 30)
            #expect(server.requests.count == 1)
        }
    }

    @Test("what a failure means for the person arrives at the engine")
    func consequence() async throws {
        let probe = DeliveryProbe(.text("x"))
        try await with({ _, _ in RawServer.http("400 Bad Request", #"{"code":21610,"message":"+15551230000 said STOP"}"#) }) {
            transport, _ in
            transport.send([probe.delivery()])
            let failure = await probe.failure()
            #expect(failure?.consequence == .optedOut && failure?.category == .permanent && failure?.scope == .account)
            #expect(failure?.message == "Twilio 21610: the recipient has told this sender to stop")
        }
    }

    @Test("one that hangs does not hold up another")
    func independent() async throws {
        let hanging = DeliveryProbe(.text("hang"))
        let quick = DeliveryProbe(.text("quick"))
        let server = try await RawServer { request, _ in request.contains("Body=hang") ? .silence : Self.accepted }
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        let configuration = TwilioConfiguration(
            accountSID: Self.account, username: "u", password: "p", url: server.url, timeout: .seconds(60))
        let transport = SMSTransport(
            client: TwilioClient(http: http, configuration: configuration, clock: WallClock { Self.since }), sender: .number("+15005550006")
        )
        let running = Task { await transport.run() }
        transport.send([hanging.delivery(), quick.delivery()])
        #expect(await quick.receipt()?.providerMessageID == "SM1")
        #expect(hanging.completions == 0)

        // The stop waits no longer than it may; then the engine cancels, and nobody knows what became of the hanging one.
        while server.requests.count < 2 { await Task.yield() }
        await transport.stop(within: .milliseconds(50))
        #expect(hanging.completions == 0)
        let late = DeliveryProbe(.text("late"))
        transport.send([late.delivery()])
        #expect(await late.failure()?.withdrawn == true)
        running.cancel()
        await running.value
        #expect(await hanging.failure()?.outcomeUnknown == true)
        #expect(hanging.completions == 1 && quick.completions == 1 && late.completions == 1)
        await http.shutdown()
        await server.stop()
    }

    @Test("a stop waits for what has begun")
    func orderlyStop() async throws {
        let (begun, signal) = AsyncStream.makeStream(of: Void.self)
        let release = Mutex(false)
        let probe = DeliveryProbe(.text("x"))
        let server = try await RawServer { _, number in
            number == 0 ? Self.busy : Self.accepted
        }
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        let configuration = TwilioConfiguration(accountSID: Self.account, username: "u", password: "p", url: server.url)
        let transport = SMSTransport(
            client: TwilioClient(http: http, configuration: configuration, clock: WallClock { Self.since }),
            sender: .number("+15005550006"),
            sleep: { _ in
                signal.yield()
                while !release.withLock({ $0 }) { await Task.yield() }
            })
        let running = Task { await transport.run() }
        transport.send([probe.delivery()])
        for await _ in begun { break }
        let stopping = Task { await transport.stop(within: .seconds(30)) }
        release.withLock { $0 = true }
        await stopping.value
        #expect(probe.completions == 1)
        #expect(await probe.receipt()?.providerMessageID == "SM1")
        await running.value
        await http.shutdown()
        await server.stop()
    }
}
