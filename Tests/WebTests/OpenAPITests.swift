import Core
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Web

@Suite("The OpenAPI document")
struct OpenAPITests {
    @Test("every piece is valid JSON, and nothing is described twice")
    func pieces() throws {
        for piece in OpenAPIDocument.pieces {
            _ = try JSONDocument(parsing: Asset.bytes("openapi/\(piece).json"))
        }
        // The parser refuses keys that occur twice.
        _ = try JSONDocument(parsing: OpenAPIDocument.bytes)
    }

    @Test("every route is described and everything described is a route")
    func routes() async throws {
        try await World.run { world, api in
            let document = try JSONDocument(parsing: try await api.with(key: nil).get("/openapi.json").bytes).root
            var described: Set<String> = []
            for (path, item) in try #require(document["paths"]).members {
                for (method, operation) in item.members {
                    described.insert("\(method.uppercased()) \(path)")
                    for name in path.split(separator: "/").filter({ $0.hasPrefix("{") }).map({ String($0.dropFirst().dropLast()) }) {
                        #expect(Self.parameterNames(operation, document).contains(name), "\(method) \(path) does not describe \(name)")
                    }
                }
            }
            let gate = Gatekeeper(world.parts)
            let routes = Set(Routes.table(world.parts, gate: gate).routes.map(\.name))
            #expect(described == routes)
        }
    }

    private static func parameterNames(_ operation: JSONView, _ document: JSONView) -> Set<String> {
        Set(
            (operation["parameters"]?.elements).map { Array($0) }?.compactMap { parameter -> String? in
                guard let reference = parameter["$ref"]?.string?.split(separator: "/").last else { return parameter["name"]?.string }
                return document["components"]?["parameters"]?[String(reference)]?["name"]?.string
            } ?? [])
    }

    @Test("an independent validator finds nothing wrong with it", .enabled(if: Python.has("openapi_spec_validator")))
    func validator() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("openapi-\(UUID().uuidString).json")
        try Data(OpenAPIDocument.bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let (status, output) = try Python.run(["-m", "openapi_spec_validator", file.path])
        #expect(status == 0, "\(output)")
    }

    @Test(
        "answers are as the document describes them, by the judgement of an independent validator", .enabled(if: Python.has("jsonschema")))
    func conformance() async throws {
        let answers = Answers()
        try await World.run(whatsAppTemplates: { [WhatsAppTests.template] }) { _, api in
            for call in Self.calls {
                let reply = try await api.send(call.method, call.path, call.body.map { Array($0.utf8) })
                #expect(reply.status == call.status, "\(call.method) \(call.path): \(reply.text)")
                answers.add(call, reply)
            }
        }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("openapi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(OpenAPIDocument.bytes).write(to: folder.appendingPathComponent("openapi.json"))
        try Data(answers.json).write(to: folder.appendingPathComponent("answers.json"))
        let (status, output) = try Python.run(["-c", Self.judge, folder.path])
        #expect(status == 0 && output.contains("judged \(Self.calls.count)"), "\(output)")
    }

    /// Every kind of answer at least once.
    private static let calls: [DescribedCall] = {
        let request =
            #"{"client_id":"c","message_type":"welcome","plan_id":"p","context":{"client_name":"Ada"},"recipient":{"email":"a@example.org"}}"#
        let text =
            #"{"client_id":"t","message_type":"reminder","preferred_channel":"sms","recipient":{"phone_number":"+14155550100"}}"#
        let whatsApp =
            #"{"client_id":"w","message_type":"reminder","preferred_channel":"whatsapp","recipient":{"phone_number":"+14155550100"},"attachments":[{"filename":"a.pdf","content_type":"application/pdf","link":"https://a.example/a.pdf"}]}"#
        return [
            DescribedCall("GET", .cacheStatistics, "", nil, 200), DescribedCall("GET", .keyRotation, "", nil, 200),
            DescribedCall("POST", .keyRotation, "", "", 202), DescribedCall("GET", .keyRotation, "", nil, 200),
            DescribedCall("POST", .communications, "", request, 202),
            DescribedCall("POST", .communications, "?dry_run=true", request, 200),
            DescribedCall("POST", .communications, "", "{}", 422), DescribedCall("POST", .communications, "", "{", 400),
            DescribedCall("GET", .communications, "", nil, 200), DescribedCall("GET", .communications, "?limit=0", nil, 422),
            DescribedCall("POST", .communicationBatch, "", #"{"requests":[\#(request),{}]}"#, 207),
            DescribedCall("GET", .communication, "", nil, 404), DescribedCall("POST", .communicationCancel, "", "", 404),
            DescribedCall("POST", .workflowEvents, "", #"{"node":"beam_search_node","plan_id":"plan_id","client_id":"c"}"#, 202),
            DescribedCall("GET", .workflowPlan, "", nil, 200),
            DescribedCall("POST", .replies, "", #"{"client_id":"c","channel":"sms","text":"Option 2"}"#, 201),
            DescribedCall("POST", .replies, "", #"{"client_id":"nobody","channel":"sms","text":"x"}"#, 404),
            DescribedCall("POST", .replies, "", #"{"client_id":"c","channel":"fax"}"#, 422), DescribedCall("GET", .replies, "", nil, 200),
            DescribedCall("GET", .reply, "", nil, 404), DescribedCall("POST", .replyResolve, "", "", 404),
            DescribedCall("PUT", .replyPatterns, "", #"{"patterns":[{"pattern":"* premium *","action":"select","value":"p"}]}"#, 200),
            DescribedCall("GET", .replyPatterns, "", nil, 200),
            DescribedCall("PUT", .client, "", #"{"name":"Ada","phone_number":"+14155550100","tags":["a"],"attributes":{"n":1}}"#, 201),
            DescribedCall("GET", .client, "", nil, 200), DescribedCall("GET", .clients, "", nil, 200),
            DescribedCall("POST", .replies, "", #"{"client_id":"client_id","channel":"email","payload":"confirm"}"#, 201),
            DescribedCall("GET", .clientTimeline, "", nil, 200), DescribedCall("GET", .clientExport, "", nil, 200),
            DescribedCall("GET", .clientAccessLog, "", nil, 200), DescribedCall("GET", .erasure, "", nil, 404),
            DescribedCall("DELETE", .client, "?after_days=3", nil, 202), DescribedCall("DELETE", .client, "?after_days=40", nil, 422),
            DescribedCall("GET", .erasures, "", nil, 200), DescribedCall("POST", .erasureCancel, "", "", 404),
            DescribedCall("POST", .preferences, "", #"{"client_id":"client_id","opt_out_sms":true}"#, 200),
            DescribedCall("GET", .clientPreferences, "", nil, 200), DescribedCall("DELETE", .clientPreferences, "", nil, 200),
            DescribedCall("GET", .business, "", nil, 200), DescribedCall("PUT", .business, "", #"{"name":"B"}"#, 200),
            DescribedCall("PUT", .messageType, "", #"{"category":"marketing","channels":["email"]}"#, 201),
            DescribedCall("GET", .messageType, "", nil, 200), DescribedCall("GET", .messageTypes, "", nil, 200),
            DescribedCall("POST", .communications, "?dry_run=true", whatsApp, 200),
            DescribedCall("POST", .communications, "?dry_run=true", text, 200),
            DescribedCall("PUT", .whatsAppMapping, "", WhatsAppTests.mapping, 201), DescribedCall("GET", .whatsAppMapping, "", nil, 200),
            DescribedCall("GET", .whatsAppMappings, "", nil, 200), DescribedCall("PUT", .whatsAppMapping, "", "{}", 422),
            DescribedCall("POST", .whatsAppTemplateSync, "", "{}", 200), DescribedCall("GET", .whatsAppTemplates, "", nil, 200),
            DescribedCall("GET", .templates, "", nil, 200), DescribedCall("GET", .readiness, "", nil, 200),
            DescribedCall("GET", .health, "", nil, 200),
            DescribedCall("POST", .webhookEndpoints, "", #"{"url":"https://example.org/in"}"#, 201),
            DescribedCall("GET", .users, "", nil, 200), DescribedCall("GET", .user, "", nil, 404),
            DescribedCall("PUT", .user, "", "{}", 404), DescribedCall("DELETE", .invitation, "", nil, 404),
            DescribedCall("POST", .invitations, "", #"{"email":"ada@example.org","role":"agent"}"#, 201),
            DescribedCall("POST", .invitations, "", #"{"email":"ada","role":"agent"}"#, 422),
            DescribedCall("GET", .invitations, "", nil, 200), DescribedCall("POST", .userPasswordReset, "", "{}", 404),
            DescribedCall("POST", .apiKeys, "", #"{"name":"n","scopes":["clients:read"]}"#, 201),
            DescribedCall("POST", .apiKeys, "", #"{"name":"n","role":"agent"}"#, 201),
            DescribedCall("POST", .apiKeys, "", "{}", 422), DescribedCall("GET", .apiKeys, "", nil, 200),
            DescribedCall("DELETE", .apiKey, "", nil, 404),
            DescribedCall("GET", .webhookEndpoints, "", nil, 200), DescribedCall("GET", .webhookEndpointDeliveries, "", nil, 404),
            DescribedCall("POST", .webhookEndpointReplay, "", "{}", 404),
        ]
    }()

    private static let judge = """
        import json, sys
        from jsonschema import Draft202012Validator
        folder = sys.argv[1]
        document = json.load(open(folder + "/openapi.json"))
        def resolve(node):
            while "$ref" in node:
                target = document
                for part in node["$ref"][2:].split("/"): target = target[part]
                node = target
            return node
        faults, count = [], 0
        for answer in json.load(open(folder + "/answers.json")):
            name = answer["method"] + " " + answer["path"] + " " + str(answer["status"])
            described = document["paths"][answer["path"]][answer["method"].lower()]["responses"].get(str(answer["status"]))
            if described is None: faults.append(name + ": not described"); continue
            content = resolve(described)["content"].get(answer["content_type"])
            if content is None: faults.append(name + ": another media type"); continue
            schema = {"$ref": "#/answer", "answer": content["schema"], "components": document["components"]}
            faults += [name + ": " + error.message[:300] for error in Draft202012Validator(schema).iter_errors(answer["body"])]
            count += 1
        print("judged", count, *faults, sep="\\n" if faults else " ")
        sys.exit(1 if faults else 0)
        """
}

/// A call whose path parameters are filled with their own names.
struct DescribedCall: Sendable {
    let method: String
    let template: String
    let path: String
    let body: String?
    let status: Int

    init(_ method: String, _ path: Path, _ query: String, _ body: String?, _ status: Int) {
        self.method = method
        template = path.rawValue
        self.path = path.rawValue.filter { $0 != "{" && $0 != "}" } + query
        self.body = body
        self.status = status
    }
}

/// Answers, written down for the judge.
private final class Answers: Sendable {
    private let writers = Mutex<[[UInt8]]>([])

    func add(_ call: DescribedCall, _ reply: Reply) {
        var json = JSONWriter()
        json.object { json in
            json.member("method", call.method)
            json.member("path", call.template)
            json.member("status", reply.status)
            json.member("content_type", reply.header("content-type"))
            json.member("body", raw: reply.bytes)
        }
        writers.withLock { $0.append(json.bytes) }
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.array { json in for bytes in writers.withLock({ $0 }) { json.raw(bytes) } }
        return json.bytes
    }
}
