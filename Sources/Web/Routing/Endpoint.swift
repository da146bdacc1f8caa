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
            return try await page(request, context, handler, isForm: false)
        case .pageForm(let handler):
            return try await page(request, context, handler, isForm: true)
        case .openPage(let handler):
            do {
                limit = try gate.limits.admitStranger(context)
                if route.method == .post { try SameOrigin.check(request, baseURL: gate.baseURL) }
                return try await handler(incoming(request, context))
            } catch let error where ErrorPage.shows(error) {
                return ErrorPage.answer(error, viewer: nil)
            }
        }
    }

    private func page(
        _ request: Request, _ context: WebContext, _ handler: @Sendable (Call) async throws -> Answer, isForm: Bool
    ) async throws -> Answer {
        guard let viewer = try await gate.session(of: request) else { return SignInPage.redirect(from: isForm ? nil : request) }
        do {
            if let permission = route.permission { try viewer.credential.check(permission) }
            let incoming = try await incoming(request, context, viewer.credential)
            let call = Call(incoming: incoming, credential: viewer.credential, idempotencyKey: nil, viewer: viewer)
            if isForm { try gate.checkForm(call) }
            return try await handler(call)
        } catch let error where ErrorPage.shows(error) {
            return ErrorPage.answer(error, viewer: viewer)
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
