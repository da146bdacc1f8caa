import Core
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

/// Calls the server as one business.
struct API: Sendable {
    let client: any TestClientProtocol
    var key: String?
    var headers: [String: String] = [:]

    func with(key: String?) -> API {
        var api = self
        api.key = key
        return api
    }

    func with(_ name: String, _ value: String) -> API {
        var api = self
        api.headers[name] = value
        return api
    }

    func get(_ path: String) async throws -> Reply { try await send("GET", path) }
    func delete(_ path: String) async throws -> Reply { try await send("DELETE", path) }
    func post(_ path: String, _ body: String) async throws -> Reply { try await send("POST", path, Array(body.utf8)) }
    func put(_ path: String, _ body: String) async throws -> Reply { try await send("PUT", path, Array(body.utf8)) }

    func send(_ method: String, _ path: String, _ body: [UInt8]? = nil) async throws -> Reply {
        var fields = HTTPFields()
        if let key { fields[.authorization] = "Bearer \(key)" }
        if body != nil { fields[.contentType] = "application/json" }
        for (name, value) in headers {
            let name = try #require(HTTPField.Name(name))
            fields[name] = value.isEmpty ? nil : value
        }
        let method = try #require(HTTPRequest.Method(method))
        let response = try await client.execute(uri: path, method: method, headers: fields, body: body.map { ByteBuffer(bytes: $0) })
        return Reply(status: Int(response.status.code), headers: response.headers, bytes: Array(response.body.readableBytesView))
    }
}

/// What the server answered.
struct Reply: Sendable {
    let status: Int
    let headers: HTTPFields
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// The answer as JSON.
    var json: JSONView {
        get throws { try JSONDocument(parsing: bytes).root }
    }

    /// The text under a dotted path.
    func string(_ path: String) throws -> String? { try value(path)?.string }

    func value(_ path: String) throws -> JSONView? {
        var view: JSONView? = try json
        for part in path.split(separator: ".") {
            if let index = Int(part) {
                view = view.flatMap { Array($0.elements).dropFirst(index).first }
            } else {
                view = view?[String(part)]
            }
        }
        return view
    }

    /// The fields that a 422 names.
    var fields: [String] {
        get throws { try (json["errors"]?.elements).map { Array($0).compactMap { $0["field"]?.string } } ?? [] }
    }

    /// A problem of this status in the form of RFC 9457, and nothing of our insides.
    func expectProblem(_ status: Int, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(self.status == status, "\(text)", sourceLocation: sourceLocation)
        #expect(header("content-type") == "application/problem+json", sourceLocation: sourceLocation)
        let json = try json
        #expect(json["type"]?.string == "urn:rapport:problem:\(name)", sourceLocation: sourceLocation)
        #expect(json["status"]?.int64 == Int64(status), sourceLocation: sourceLocation)
        #expect(json["title"]?.string?.isEmpty == false, sourceLocation: sourceLocation)
        #expect(json["detail"]?.string?.isEmpty == false, sourceLocation: sourceLocation)
        #expect(header("x-request-id") != nil, sourceLocation: sourceLocation)
        for secret in ["SELECT", "INSERT", "sqlite", ".swift", "DatabaseError", "/tmp"] {
            #expect(!text.contains(secret), sourceLocation: sourceLocation)
        }
    }
}
