import Core
import HTTPTypes
import Hummingbird
import Logging

/// A request as handlers see it: read whole, within its limits, of the right media type.
public struct Incoming: Sendable {
    public let request: Request
    public let context: WebContext
    /// Empty where the route takes none.
    public let body: [UInt8]
    /// Held as long as the request is.
    let place: LargeBodies.Place?

    public var headers: HTTPFields { request.headers }
    public var requestID: String { context.requestID }
    /// Whose request it is: what a trusted proxy says, else the other end of the connection.
    public var remoteAddress: String? { context.remoteAddress }
    public var logger: Logger { context.logger }

    /// The query, to be read with ``Query``.
    public var query: Query { Query(request.uri.query) }

    /// A path parameter, percent-decoded. What cannot be decoded cannot name anything.
    public func parameter(_ name: String) throws(Refusal) -> String {
        guard let raw = context.parameters[name[...]], let text = PercentDecoding.decode(Array(raw.utf8)), !text.utf8.contains(0) else {
            throw .notFound
        }
        return text
    }

    /// A path parameter that names one of ours. A text that is no id names nothing: 404, as for an id that does not exist.
    public func id(_ name: String) throws(Refusal) -> UUIDv7 {
        guard let id = UUIDv7(try parameter(name)) else { throw .notFound }
        return id
    }

    /// A path parameter that names a client. Nil-safe for reading: what cannot be a client id is not found.
    public func clientID(_ name: String = "client_id") throws(Refusal) -> ClientID {
        guard let id = ClientID(try parameter(name)) else { throw .notFound }
        return id
    }

    /// The body as JSON; 400 with the place of the fault when it is not.
    public func json() throws(JSONError) -> JSONDocument {
        try JSONDocument(parsing: body)
    }
}

/// A request of somebody who said who they are.
@dynamicMemberLookup
public struct Call: Sendable {
    public let incoming: Incoming
    public let credential: Credential
    /// As given by the caller and checked; for handlers that hand it on themselves.
    public let idempotencyKey: String?
    /// On pages: who looks at them.
    public var viewer: Viewer?

    /// The name of the field in which a form carries the session's token.
    static let csrfField = "csrf_token"

    /// The fields of an HTML form. Read them, then `finish()`.
    public func form() -> Query {
        var form = Query(String(decoding: incoming.body, as: UTF8.self))
        // Checked before the handler ran.
        _ = form.string(Self.csrfField)
        return form
    }

    /// What happened, for the audit log.
    public func audit(_ action: String, target: String? = nil, client: ClientID? = nil, details: [UInt8] = []) -> AuditEntry {
        AuditEntry(
            actor: credential.actor, action: action, target: target, client: client, remoteAddress: incoming.remoteAddress,
            requestID: incoming.requestID, details: details)
    }

    /// Who asks, for what is recorded along with many others' requests.
    public var requester: Requester { Requester(credential.actor, from: incoming.remoteAddress) }

    /// How a change of consent or preferences by this call came about.
    public var consentSource: ConsentSource { ConsentSource(.api, by: credential.actor, from: incoming.remoteAddress) }

    /// Everything that a handler reads or writes belongs to this business.
    public var business: BusinessID { credential.business }

    public subscript<Value>(dynamicMember member: any KeyPath<Incoming, Value> & Sendable) -> Value { incoming[keyPath: member] }

    public func parameter(_ name: String) throws(Refusal) -> String { try incoming.parameter(name) }
    public func id(_ name: String) throws(Refusal) -> UUIDv7 { try incoming.id(name) }
    public func clientID(_ name: String = "client_id") throws(Refusal) -> ClientID { try incoming.clientID(name) }
    public func json() throws(JSONError) -> JSONDocument { try incoming.json() }

    /// The body's fields. Read them, then `finish()`.
    public func fields() throws -> FieldReader { try FieldReader(json().root) }

    /// For calls that take nothing: no body, or an object without members.
    public func noFields() throws {
        guard !incoming.body.isEmpty else { return }
        var body = try fields()
        try body.finish()
    }
}
