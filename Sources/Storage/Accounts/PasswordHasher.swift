import Core
import NIOPosix
import Synchronization

/// Makes and checks password hashes away from the threads that answer requests, a few at a time.
///
/// A guess takes 128 MiB and some tenths of a second: two at once, and a short queue, keep strangers from taking the machine.
public final class PasswordHasher: Sendable {
    /// What a check found.
    public enum Verdict: Sendable, Hashable {
        case wrong
        /// The password is right. The hash is to be stored in place of the old one, which was made with other parameters.
        case right(upgrade: PasswordHash?)
    }

    public let parameters: PasswordHash.Parameters
    private let mostWaiting: Int
    private let waiting = Mutex(0)
    /// What a password is compared with where there is no account, so that the answer takes as long.
    private let decoy: PasswordHash

    /// For the whole process: memory is what is scarce.
    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        return pool
    }()

    /// - Parameter mostWaiting: at once; more are refused.
    public init(parameters: PasswordHash.Parameters = .standard, mostWaiting: Int = 32) {
        self.parameters = parameters
        self.mostWaiting = mostWaiting
        var generator = SystemRandomNumberGenerator()
        decoy = PasswordHash(
            parameters: parameters, salt: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) },
            key: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// - Throws: ``Refusal/overloaded(retryAfterSeconds:)`` where too many wait.
    public func hash(_ password: String) async throws -> PasswordHash {
        let parameters = parameters
        return try await run { try PasswordHash(password, parameters: parameters) }
    }

    /// - Parameter hash: nil takes as long and is always wrong.
    /// - Throws: ``Refusal/overloaded(retryAfterSeconds:)`` where too many wait.
    public func verify(_ password: String, against hash: PasswordHash?) async throws -> Verdict {
        let (hash, isKnown, parameters) = (hash ?? decoy, hash != nil, parameters)
        return try await run {
            guard try hash.matches(password), isKnown else { return .wrong }
            return .right(upgrade: hash.parameters == parameters ? nil : try PasswordHash(password, parameters: parameters))
        }
    }

    private func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let entered = waiting.withLock { count in
            guard count < mostWaiting else { return false }
            count += 1
            return true
        }
        guard entered else { throw Refusal.overloaded(retryAfterSeconds: 1) }
        defer { waiting.withLock { $0 -= 1 } }
        return try await Self.threads.runIfActive(work)
    }
}
