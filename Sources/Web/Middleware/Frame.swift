import Core
import HTTPTypes
import Hummingbird
import Logging
import Providers

/// Around every request, known path or not: its id, its errors as problems, its log line, the headers of every answer.
struct Frame: RouterMiddleware {
    let clock: WallClock
    /// Nil: nobody counts.
    var metrics: RequestMetrics?
    var proxies = TrustedProxies.none
    var security = SecurityHeaders(isEncrypted: false)
    var accessLog: AccessLog?

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let start = ContinuousClock.now
        context.accessLog = accessLog
        context.requestID = RequestID.accepted(from: request.headers) ?? UUIDv7(at: clock.now()).description
        if !proxies.isEmpty { context.client = client(behind: context.peer?.ipAddress, request) }
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error where ConnectionFault.isCause(of: error) {
            // The connection itself is broken: the server closes it, nobody is left to read an answer.
            throw error
        } catch {
            let problem = Problem(error)
            if problem.status.code >= 500 { log(error, problem, request, context) }
            response = problem.answer.response
        }
        metrics?.record(request.method, path: context.endpointPath, status: response.status.code, took: start.duration(to: .now))
        response.headers[.requestID] = context.requestID
        security.add(to: &response.headers)
        context.logger.debug(
            "request",
            metadata: [
                "request_id": "\(context.requestID)", "method": "\(request.method.rawValue)",
                "route": "\(context.endpointPath ?? "unknown")", "status": "\(response.status.code)",
            ])
        return response
    }

    private func client(behind peer: String?, _ request: Request) -> String? {
        guard let peer = peer.flatMap({ NetworkAddress(text: $0[...]) }) else { return nil }
        return proxies.client(behind: peer, forwardedFor: request.headers[values: .forwardedFor]).description
    }

    private func log(_ error: any Error, _ problem: Problem, _ request: Request, _ context: WebContext) {
        context.logger.error(
            "request_failed",
            metadata: [
                "request_id": "\(context.requestID)",
                "method": "\(request.method.rawValue)", "route": "\(context.endpointPath ?? "unknown")",
                "status": "\(problem.status.code)", "error": "\(String(reflecting: error))",
            ])
    }
}

/// `X-Request-Id`: the caller's own if it is harmless, so that their log and ours can be read together.
enum RequestID {
    static func accepted(from headers: HTTPFields) -> String? {
        guard let text = headers[.requestID], (1...128).contains(text.utf8.count), text.utf8.allSatisfy(isHarmless) else { return nil }
        return text
    }

    private static func isHarmless(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"): true
        default: false
        }
    }
}
