/// The closed list of reasons for which the product says no. Whatever is not here is a fault of ours: "internal".
public enum Refusal: Error, Sendable, Equatable {
    case badRequest(String)
    case unauthorized
    case forbidden
    case notFound
    case conflict(String)
    case payloadTooLarge
    case unsupportedMediaType
    case invalid([FieldError])
    case idempotencyKeyReused
    case idempotencyKeyInUse
    case overloaded(retryAfterSeconds: Int)
    /// The store can not be written to, or a part that the answer needs is down.
    case unavailable
}
