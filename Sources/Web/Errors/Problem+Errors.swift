import Core
import HTTPTypes
import Hummingbird
import NIOCore
import Storage

/// The one place where an error becomes a status. Whatever is not listed is a fault of ours: 500, and nothing of it gets out.
extension Problem {
    init(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self.init(refusal)
        case let error as ValidationError: self = .invalid(error.errors)
        case let error as JSONError:
            self.init(
                status: .badRequest, name: "malformed-json", title: "Malformed JSON", detail: "The body is not acceptable JSON: \(error).")
        case let refusal as TokenRefusal: self = refusal.problem
        case let limited as RateLimited: self = limited.problem
        case let error as MethodNotAllowed: self = .methodNotAllowed(error.allowed)
        case DatabaseError.transient, DatabaseError.unavailable, is CancellationError: self = .unavailable
        case is NIOTooManyBytesError: self.init(.payloadTooLarge)
        case let error as HTTPError where error.status == .notFound: self.init(.notFound)
        case let error as any HTTPResponseError where (400..<500).contains(error.status.code):
            self.init(
                status: error.status, name: "bad-request", title: error.status.reasonPhrase, detail: "The request cannot be answered.")
        default:
            self.init(
                status: .internalServerError, name: "internal", title: "Internal error",
                detail: "Something went wrong on our side. The request id names it in the log.")
        }
    }

    init(_ refusal: Refusal) {
        switch refusal {
        case .badRequest(let detail):
            self.init(status: .badRequest, name: "bad-request", title: "Bad request", detail: detail)
        case .unauthorized:
            self.init(
                status: .unauthorized, name: "unauthorized", title: "Not authenticated",
                detail: "Send a valid API key or access token as \"Authorization: Bearer …\".",
                headers: [.wwwAuthenticate: "Bearer realm=\"rapport\""])
        case .forbidden:
            self.init(status: .forbidden, name: "forbidden", title: "Forbidden", detail: "This credential may not do that.")
        case .notFound:
            self.init(status: .notFound, name: "not-found", title: "Not found", detail: "There is nothing under this address.")
        case .conflict(let detail):
            self.init(status: .conflict, name: "conflict", title: "Conflict", detail: detail)
        case .payloadTooLarge:
            self.init(
                status: .contentTooLarge, name: "payload-too-large", title: "Body too large",
                detail: "The body is larger than this route accepts.")
        case .unsupportedMediaType:
            self.init(
                status: .unsupportedMediaType, name: "unsupported-media-type", title: "Unsupported media type",
                detail: "Send the body in a media type that this route takes, in UTF-8, not compressed.")
        case .invalid(let errors): self = .invalid(errors)
        case .idempotencyKeyReused: self = .idempotencyKeyReused
        case .idempotencyKeyInUse: self = .idempotencyKeyInUse
        case .overloaded(let seconds): self = .overloaded(seconds)
        case .unavailable: self = .unavailable
        }
    }

    static func invalid(_ errors: [FieldError]) -> Problem {
        Problem(
            status: .unprocessableContent, name: "validation", title: "Validation failed",
            detail: errors.count == 1 ? "One field cannot be accepted." : "\(errors.count) fields cannot be accepted.", errors: errors)
    }

    private static func methodNotAllowed(_ allowed: [String]) -> Problem {
        let list = allowed.joined(separator: ", ")
        return Problem(
            status: .methodNotAllowed, name: "method-not-allowed", title: "Method not allowed", detail: "Allowed here: \(list).",
            headers: [.allow: list])
    }

    private static let idempotencyKeyReused = Problem(
        status: .unprocessableContent, name: "idempotency-key-reused", title: "Idempotency key used before",
        detail: "This Idempotency-Key was used with another request.",
        errors: [FieldError(field: "Idempotency-Key", message: "was used with another request")])

    private static let idempotencyKeyInUse = Problem(
        status: .conflict, name: "idempotency-key-in-use", title: "Still running",
        detail: "The first request with this Idempotency-Key has not been answered yet.")

    private static func overloaded(_ seconds: Int) -> Problem {
        Problem(
            status: .tooManyRequests, name: "overloaded", title: "Too many requests", detail: "Try again in \(seconds) s.",
            headers: [.retryAfter: "\(seconds)"])
    }

    private static let unavailable = Problem(
        status: .serviceUnavailable, name: "unavailable", title: "Temporarily unavailable",
        detail: "The request could not be carried out now. Try again soon, with the same Idempotency-Key if it changes anything.",
        headers: [.retryAfter: "5"])
}
