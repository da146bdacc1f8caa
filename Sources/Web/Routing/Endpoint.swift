import Core
import HTTPTypes
import Hummingbird

/// One route at work: read the body, see who asks, run the handler.
struct Endpoint: HTTPResponder {
    let route: Route
    let gate: Gatekeeper

    func respond(to request: Request, context: WebContext) async throws -> Response {
        var limit: RateLimitStatus?
        var response = try await answer(request, context, &limit).response
        limit?.add(to: &response.headers)
        return response
    }

    private func answer(_ request: Request, _ context: WebContext, _ limit: inout RateLimitStatus?) async throws -> Answer {
        switch route.handler {
        case .open(let handler):
            if route.countsStrangers { limit = try gate.limits.admitStranger(context) }
            return try await handler(incoming(request, context))
        case .key(let handler):
            let credential = try await credential(of: request, context, &limit)
            // Reading is idempotent by itself.
            let key = route.method == .get ? nil : try IdempotencyKey.read(from: request.headers)
            return try await handler(Call(incoming: incoming(request, context, credential), credential: credential, idempotencyKey: key))
        case .idempotent(let handler):
            // Who asks comes before what they sent: strangers make us read nothing.
            let credential = try await credential(of: request, context, &limit)
            let key = try IdempotencyKey.read(from: request.headers)
            let call = Call(incoming: try await incoming(request, context, credential), credential: credential, idempotencyKey: key)
            guard let key else { return try await handler(call) }
            return try await gate.idempotency.once(route: route, key: key, call: call, handler)
        case .page(let handler):
            guard let credential = try await gate.session(of: request) else { return SignInPage.redirect() }
            if let permission = route.permission { try credential.check(permission) }
            return try await handler(Call(incoming: incoming(request, context), credential: credential, idempotencyKey: nil))
        }
    }

    private func credential(
        of request: Request, _ context: WebContext, _ limit: inout RateLimitStatus?
    ) async throws -> Credential {
        let credential = try await gate.credential(of: request, context)
        limit = try gate.limits.admit(credential)
        if let permission = route.permission { try credential.check(permission) }
        return credential
    }

    private func incoming(_ request: Request, _ context: WebContext, _ credential: Credential? = nil) async throws -> Incoming {
        // Strangers keep no place for long.
        let patience: Duration = if case .raw = route.body { .seconds(20) } else { .seconds(300) }
        let (body, place) = try await BodyReader.read(
            request, route.body, gate.largeBodies, business: credential?.business, patience: patience)
        return Incoming(request: request, context: context, body: body, place: place)
    }
}
