import Core
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Every answer, whatever was asked")
struct FrameTests {
    @Test("an unknown path is 404 and a known one with another method 405 that says what is allowed")
    func unknownPathsAndMethods() async throws {
        try await World.run { _, api in
            try await api.get("/nothing").expectProblem(404, "not-found")
            try await api.get("/api/crm/nothing").expectProblem(404, "not-found")
            for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
                let reply = try await api.send(method, "/api/crm/communications")
                try reply.expectProblem(405, "method-not-allowed")
                #expect(reply.header("allow") == "GET, HEAD, POST")
            }
            try await api.send("BREW", "/nothing").expectProblem(404, "not-found")
            #expect(try await api.get("/api/crm/communications/batch").header("allow") == "POST")
        }
    }

    @Test("a harmless X-Request-Id comes back, any other one is replaced")
    func requestIDs() async throws {
        try await World.run { _, api in
            #expect(try await api.with("X-Request-Id", "job-7:a.b_c").get("/healthz").header("x-request-id") == "job-7:a.b_c")
            for hostile in ["a b", "<script>", String(repeating: "x", count: 129), "ä"] {
                let id = try await api.with("X-Request-Id", hostile).get("/healthz").header("x-request-id")
                #expect(id.flatMap { UUIDv7($0) } != nil, "\(hostile)")
            }
        }
    }

    @Test("without a valid key there is 401 with a challenge, before the body is looked at")
    func credentials() async throws {
        try await World.run { world, api in
            for header in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic abc", world.here.key, "Bearer \(world.here.key) x"] {
                let reply = try await api.with(key: nil).with("Authorization", header).post("/api/crm/communications", "no json")
                try reply.expectProblem(401, "unauthorized")
                #expect(reply.header("www-authenticate")?.hasPrefix("Bearer") == true)
            }
            #expect(
                try await api.with(key: nil).with("Authorization", "bearer \(world.here.key)").get("/api/crm/communications").status == 200)
        }
    }

    @Test("only JSON in UTF-8 is taken as JSON")
    func mediaTypes() async throws {
        try await World.run { _, api in
            let path = "/api/crm/communications"
            for type in ["text/plain", "application/xml", "application/json; charset=latin1", "multipart/form-data", ""] {
                try await api.with("Content-Type", type).post(path, "{}").expectProblem(415, "unsupported-media-type")
            }
            try await api.with("Content-Encoding", "gzip").post(path, "{}").expectProblem(415, "unsupported-media-type")
            for type in ["application/json", "Application/JSON; charset=UTF-8", "application/vnd.api+json"] {
                try await api.with("Content-Type", type).post(path, "{}").expectProblem(422, "validation")
            }
        }
    }

    @Test("what is not JSON is 400 and names its place")
    func malformedJSON() async throws {
        try await World.run { _, api in
            let path = "/api/crm/communications"
            let deep = Array(repeating: UInt8(ascii: "["), count: 10_000)
            let bodies: [[UInt8]] = [
                [], Array("{".utf8), Array("{\"a\":1,\"a\":2}".utf8), Array("{\"a\": \"\\ud800\"}".utf8), [0x7B, 0x22, 0xFF, 0x22, 0x7D],
                deep,
                deep + Array(repeating: UInt8(ascii: "]"), count: 10_000), [0],
            ]
            for body in bodies { try await api.send("POST", path, body).expectProblem(400, "malformed-json") }
            #expect(try await api.post(path, "{\n \"a\" 1}").string("detail")?.contains("line 2, column 6") == true)
        }
    }

    @Test("bodies beyond the limit are 413, announced or streamed")
    func bodySizes() async throws {
        try await World.run { _, api in
            func body(_ size: Int) -> String {
                let frame = #"{"client_id":"c","message_type":"welcome","plan_id":""}"#
                return frame.replacingOccurrences(
                    of: #""plan_id":"""#, with: #""plan_id":"\#(String(repeating: "p", count: size - frame.utf8.count))""#)
            }
            let limit = 1 << 20
            try await api.post("/api/crm/workflow/events", body(limit + 1)).expectProblem(413, "payload-too-large")
            try await api.post("/api/crm/workflow/events", body(limit)).expectProblem(422, "validation")
            // Without attachments the route with the higher limit has no more room either.
            try await api.post("/api/crm/communications", body(limit + 1)).expectProblem(422, "validation")
            let padded = #"{"client_id":"c","message_type":"welcome"}"# + String(repeating: " ", count: limit)
            try await api.post("/api/crm/communications", padded).expectProblem(413, "payload-too-large")
            try await api.post("/api/crm/communications", String(repeating: " ", count: (26 << 20) + 1)).expectProblem(
                413, "payload-too-large")
        }
    }

    @Test("a body announced beyond what a number holds is refused before it comes")
    func unheardOfSize() async {
        var head = HTTPRequest(method: .post, scheme: "http", authority: "here", path: "/")
        head.headerFields = [.contentLength: "9223372036854775808", .contentType: "application/json"]
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        await #expect(throws: Refusal.payloadTooLarge) { _ = try await BodyReader.read(request, .ordinary, LargeBodies()) }
    }

    @Test("a body takes a place by what has come of it, and may not come for ever")
    func slowBody() async throws {
        var head = HTTPRequest(method: .post, scheme: "http", authority: "here", path: "/")
        head.headerFields = [.contentLength: "20000000", .contentType: "application/json"]
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: "{")))
        let (_, place) = try await BodyReader.read(request, .withAttachments, LargeBodies())
        #expect(place == nil)
        await #expect(throws: Refusal.badRequest("The body took too long to arrive.")) {
            _ = try await BodyReader.read(request, .withAttachments, LargeBodies(), patience: .zero)
        }
    }

    @Test("queries are strict: unknown, doubled and unfitting parameters are named")
    func queries() async throws {
        try await World.run { _, api in
            let reply = try await api.get(
                "/api/crm/communications?limit=0&cursor=!!&status=gone&channel=fax&from=yesterday&client_id=a%20b&colour=red&to=1&to=2")
            try reply.expectProblem(422, "validation")
            #expect(Set(try reply.fields) == ["limit", "cursor", "status", "channel", "from", "client_id", "colour", "to"])
            for limit in ["101", "-1", "1e1", "9223372036854775808", "x", "%00"] {
                try await api.get("/api/crm/communications?limit=\(limit)").expectProblem(422, "validation")
            }
            for cursor in ["AAAA", "%FF", String(repeating: "A", count: 2_000), "MTIz", "ZmYfZmY"] {
                try await api.get("/api/crm/communications?cursor=\(cursor)").expectProblem(422, "validation")
                try await api.get("/api/crm/communications?dry_run=%zz").expectProblem(422, "validation")
            }
        }
    }

    @Test("HEAD answers like GET without a body")
    func head() async throws {
        try await World.run { _, api in
            let reply = try await api.send("HEAD", "/healthz")
            #expect(reply.status == 200)
            #expect(reply.bytes.isEmpty)
        }
    }

    @Test("only so many large bodies are in memory at once, and each gives its place back")
    func largeBodies() throws {
        let bodies = LargeBodies(most: 3)
        let (here, elsewhere) = (UUIDv7(at: Timestamp(milliseconds: 1)), UUIDv7(at: Timestamp(milliseconds: 2)))
        var places = [try bodies.enter(here), try bodies.enter(here)]
        // The last place is not for the one that has all others.
        #expect(throws: Refusal.overloaded(retryAfterSeconds: 1)) { try bodies.enter(here) }
        let last = try bodies.enter(elsewhere)
        #expect(throws: Refusal.overloaded(retryAfterSeconds: 1)) { try bodies.enter(elsewhere) }
        places.removeLast()
        places.append(try bodies.enter(here))
        #expect(throws: Refusal.overloaded(retryAfterSeconds: 1)) { try bodies.enter(here) }
        withExtendedLifetime(last) {}
        #expect(places.count == 2)
    }
}
