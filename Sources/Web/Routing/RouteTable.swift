import Core
import HTTPTypes
import Hummingbird

/// All routes of the server, in the order of ``Routes``.
public struct RouteTable: Sendable {
    private(set) var routes: [Route] = []

    /// A reading call for whoever holds an API key.
    mutating func get(_ path: Path, _ permission: Permission, _ handler: @escaping @Sendable (Call) async throws -> Answer) {
        routes.append(Route(method: .get, path: path, body: .none, handler: .key(handler), permission: permission))
    }

    /// A writing call with a JSON body. `Idempotency-Key` is taken care of.
    mutating func put(_ path: Path, _ permission: Permission, _ handler: @escaping @Sendable (Call) async throws -> Answer) {
        routes.append(Route(method: .put, path: path, body: .ordinary, handler: .idempotent(handler), permission: permission))
    }

    /// A writing call with a JSON body. `Idempotency-Key` is taken care of.
    mutating func post(
        _ path: Path, _ permission: Permission, body: BodyRule = .ordinary, _ handler: @escaping @Sendable (Call) async throws -> Answer
    ) {
        routes.append(Route(method: .post, path: path, body: body, handler: .idempotent(handler), permission: permission))
    }

    /// A writing call, without a body unless told otherwise. `Idempotency-Key` is taken care of.
    mutating func delete(
        _ path: Path, _ permission: Permission, body: BodyRule = .none, _ handler: @escaping @Sendable (Call) async throws -> Answer
    ) {
        routes.append(Route(method: .delete, path: path, body: body, handler: .idempotent(handler), permission: permission))
    }

    /// A call by `POST` that changes nothing, or that hands its `Idempotency-Key` on by itself.
    mutating func postUnguarded(
        _ path: Path, _ permission: Permission, body: BodyRule, _ handler: @escaping @Sendable (Call) async throws -> Answer
    ) {
        routes.append(Route(method: .post, path: path, body: body, handler: .key(handler), permission: permission))
    }

    /// For anybody.
    mutating func openGet(_ path: Path, _ handler: @escaping @Sendable (Incoming) async throws -> Answer) {
        routes.append(Route(method: .get, path: path, body: .none, handler: .open(handler), permission: nil))
    }

    /// For anybody; takes an HTML form.
    mutating func openForm(_ path: Path, limit: Int = 4_096, _ handler: @escaping @Sendable (Incoming) async throws -> Answer) {
        routes.append(Route(method: .post, path: path, body: .form(limit: limit), handler: .open(handler), permission: nil))
    }

    /// For anybody; takes JSON.
    mutating func openPost(_ path: Path, limit: Int, _ handler: @escaping @Sendable (Incoming) async throws -> Answer) {
        routes.append(Route(method: .post, path: path, body: .json(limit: limit), handler: .open(handler), permission: nil))
    }

    /// For anybody whose signature is right, which the handler checks on the raw bytes.
    mutating func openRaw(_ path: Path, limit: Int, _ handler: @escaping @Sendable (Incoming) async throws -> Answer) {
        routes.append(Route(method: .post, path: path, body: .raw(limit: limit), handler: .open(handler), permission: nil))
    }

    /// For whoever signed in to the pages.
    ///
    /// - Parameter permission: nil is for everybody who did.
    mutating func page(_ path: Path, _ permission: Permission?, _ handler: @escaping @Sendable (Call) async throws -> Answer) {
        routes.append(Route(method: .get, path: path, body: .none, handler: .page(handler), permission: permission))
    }

    /// A form of whoever signed in to the pages. It must come from our own page and carry the session's token (``Viewer/csrfToken``);
    /// read its other fields with ``Call/form()``.
    mutating func pageForm(
        _ path: Path, _ permission: Permission?, limit: Int = 16_384, _ handler: @escaping @Sendable (Call) async throws -> Answer
    ) {
        routes.append(Route(method: .post, path: path, body: .form(limit: limit), handler: .pageForm(handler), permission: permission))
    }

    /// A page for anybody; what is wrong is said as a page, too.
    mutating func openPage(_ path: Path, _ handler: @escaping @Sendable (Incoming) async throws -> Answer) {
        routes.append(Route(method: .get, path: path, body: .none, handler: .openPage(handler), permission: nil))
    }

    /// A form for anybody, from our own pages only: other sites must not sign anybody in.
    mutating func openPageForm(_ path: Path, _ handler: @escaping @Sendable (Incoming) async throws -> Answer) {
        routes.append(Route(method: .post, path: path, body: .form(limit: 16_384), handler: .openPage(handler), permission: nil))
    }
}

extension RouteTable {
    /// Every method that a request may name and still be told 405 instead of 404.
    static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]

    /// The responder for all routes: 404 for unknown paths, 405 with `Allow` for known ones.
    func responder(frame: Frame, gate: Gatekeeper) -> WebResponder {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: frame)
        var allowed: [Path: [HTTPRequest.Method]] = [:]
        for route in routes {
            router.on(RouterPath(route.path.rawValue), method: route.method, responder: Endpoint(route: route, gate: gate))
            allowed[route.path, default: []].append(route.method)
        }
        for (path, methods) in allowed {
            let methods = methods.contains(.get) ? methods + [.head] : methods
            let refusal = MethodNotAllowed(allowed: methods.map(\.rawValue).sorted())
            for method in Self.methods where !methods.contains(method) {
                router.on(RouterPath(path.rawValue), method: method, responder: RefusingEndpoint(error: refusal))
            }
        }
        return WebResponder(router: router.buildResponder())
    }
}

/// The path exists, the method does not.
struct MethodNotAllowed: Error {
    let allowed: [String]
}

private struct RefusingEndpoint: HTTPResponder {
    let error: MethodNotAllowed

    func respond(to request: Request, context: WebContext) async throws -> Response { throw error }
}

/// The whole server behind its sockets; tests call it without any.
public struct WebResponder: HTTPResponder {
    let router: RouterResponder<WebContext>

    public func respond(to request: Request, context: WebContext) async throws -> Response {
        guard !RouteTable.methods.contains(request.method) else { return try await router.respond(to: request, context: context) }
        // No route knows this method. PATCH stands in for it: no route has that either, so the router tells 404 from 405.
        var head = request.head
        head.method = .patch
        return try await router.respond(to: Request(head: head, body: request.body), context: context)
    }
}
