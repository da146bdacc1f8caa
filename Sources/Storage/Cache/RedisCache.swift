import Core
public import Logging
public import NIOCore
public import RESP
import Synchronization

/// The cache in Redis, shared by all instances.
///
/// A server that does not answer costs ``patience`` once. Then it is left alone: everything is "missing" at once, while one task asks in
/// the background until it answers again. Deletions that could not be delivered meanwhile are delivered before the first entry is read.
public final class RedisCache: Cache {
    /// How long anyone waits for an answer.
    public static let patience: TimeAmount = .milliseconds(100)
    /// A reader who takes longer between look-up and fill has lost the right to it.
    private static let leaseSeconds = 10

    private struct State {
        var availability = CacheAvailability()
        var counts = CacheCounts()
        var probe: Task<Void, Never>?
        var isShutDown = false
    }

    private let client: RedisClient
    private let logger: Logger
    private let pause: @Sendable (Duration) async throws -> Void
    private let onError: @Sendable (RESPError) -> Void
    private let state = Mutex(State())

    /// Connects on first use.
    /// - Parameters:
    ///   - configuration: its time for commands is set to `patience`.
    ///   - onError: called for every question without an answer.
    ///   - pause: waits between two probes; tests hand in their own.
    public init(
        configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger, patience: TimeAmount = RedisCache.patience,
        onError: @escaping @Sendable (RESPError) -> Void = { _ in },
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        var configuration = configuration
        configuration.commandTimeout = patience
        client = RedisClient(configuration: configuration, eventLoop: eventLoop)
        self.logger = logger
        self.onError = onError
        self.pause = pause
    }

    // MARK: Cache

    public func get(_ key: String) async -> [UInt8]? {
        guard let answer = await ask(["GET", RESPArgument(key)]), case .bulk(let value) = answer else {
            state.withLock { $0.counts.misses += 1 }
            return nil
        }
        state.withLock { $0.counts.hits += 1 }
        return value
    }

    public func set(_ key: String, _ value: [UInt8], seconds: Int?) async {
        _ = await ask(["SET", RESPArgument(key), RESPArgument(value)] + Self.expiry(seconds))
    }

    public func lookUp(_ key: String) async -> CacheLookUp {
        if let value = await get(key) { return .hit(value) }
        let answer = await ask([
            "EVAL", RedisScript.lease, "1", RESPArgument(CacheKeys.lease(key)), RESPArgument("\(UInt64.random(in: .min ... .max))"),
            RESPArgument(Self.leaseSeconds),
        ])
        guard case .bulk(let token)? = answer else { return .miss(nil) }
        return .miss(UInt64(String(decoding: token, as: UTF8.self)).map(CacheLease.init))
    }

    public func fill(_ key: String, _ value: [UInt8], seconds: Int?, lease: CacheLease) async {
        _ = await ask([
            "EVAL", RedisScript.fill, "2", RESPArgument(CacheKeys.lease(key)), RESPArgument(key), RESPArgument("\(lease.token)"),
            RESPArgument(value), RESPArgument(seconds.map { max(1, $0) } ?? 0),
        ])
    }

    public func delete(_ keys: [String]) async {
        if keys.isEmpty { return }
        let (number, isAway) = state.withLock { state in (state.availability.willDelete(keys), state.availability.isAway) }
        if isAway { return }
        do {
            _ = try await client.send(Self.deletion(of: keys))
            state.withLock { $0.availability.deleted(keys, upTo: number) }
        } catch {
            // Until it is deleted nothing may be read, so every kind of failure counts.
            note(error)
            leave(error)
        }
    }

    public func increment(_ key: String, by amount: Int, seconds: Int) async -> Int? {
        let answer = await ask([
            "EVAL", RedisScript.increment, "1", RESPArgument(key), RESPArgument(amount), RESPArgument(max(1, seconds)),
        ])
        guard case .integer(let value)? = answer else { return nil }
        return Int(value)
    }

    public func read(counter key: String) async -> Int? {
        switch await ask(["GET", RESPArgument(key)]) {
        case .null?: 0
        case .bulk(let digits)?: Int(String(decoding: digits, as: UTF8.self))
        default: nil
        }
    }

    public func deleteCopies() async {
        let (debt, isAway) = state.withLock { state in
            state.availability.willDeleteEverything()
            return (state.availability.debt, state.availability.isAway)
        }
        guard let debt, !isAway else { return }
        do {
            try await deleteEverything()
            state.withLock { $0.availability.paid(debt) }
        } catch {
            note(error)
            leave(error)
        }
    }

    public var counts: CacheCounts { state.withLock(\.counts) }

    public var statistics: CacheStatistics {
        get async {
            let pool = client.snapshot
            var result = CacheStatistics(
                backend: .redis, counts: counts,
                pool: .init(maxConnections: client.configuration.maxConnections, inUse: pool.inUse, idle: pool.idle))
            guard !state.withLock(\.availability.isAway) else { return result }
            guard let answers = try? await client.pipeline([["DBSIZE"], ["INFO"]]) else { return result }
            if case .integer(let keys)? = answers.first { result.keys = Int(keys) }
            if case .bulk(let text)? = answers.last { result.server = CacheStatistics.Server(info: String(decoding: text, as: UTF8.self)) }
            return result
        }
    }

    public func health() async -> String? {
        if let problem = state.withLock({ $0.availability.isAway ? $0.availability.problem ?? "does not answer" : nil }) { return problem }
        do {
            _ = try await client.send(["PING"])
            return nil
        } catch {
            note(error)
            if Self.meansAway(error) { leave(error) }
            return error.description
        }
    }

    /// Ends the probe and closes the connections. Everything is missing from then on.
    public func shutdown() async {
        let probe = state.withLock { state in
            state.isShutDown = true
            _ = state.availability.left("shut down")
            return state.probe
        }
        probe?.cancel()
        await probe?.value
        await client.shutdown()
    }

    // MARK: Asking

    /// Nil: no answer, or a refusal.
    private func ask(_ command: [RESPArgument]) async -> RESPValue? {
        guard !state.withLock(\.availability.isAway) else { return nil }
        do {
            return try await client.send(command)
        } catch {
            note(error)
            if Self.meansAway(error) { leave(error) }
            return nil
        }
    }

    /// Refusals that concern one command leave the others alone.
    private static func meansAway(_ error: RESPError) -> Bool {
        switch error {
        case .server: ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "BUSY"].contains(error.serverErrorKind)
        case .overloaded, .shutDown: false
        default: true
        }
    }

    private func note(_ error: RESPError) {
        state.withLock { $0.counts.errors += 1 }
        onError(error)
    }

    // MARK: Away and back

    private func leave(_ reason: RESPError) {
        let isNews = state.withLock { state in
            guard !state.isShutDown, state.availability.left(reason.description) else { return false }
            state.probe = Task { await self.probe() }
            return true
        }
        if isNews { logger.warning("cache_away", metadata: ["reason": "\(reason)"]) }
    }

    private func probe() async {
        var delay = Duration.milliseconds(20)
        while !Task.isCancelled {
            if await probeOnce() {
                logger.info("cache_back")
                return
            }
            guard (try? await pause(delay * Double.random(in: 0.75...1.25))) != nil else { return }
            delay = min(delay * 2, .seconds(2))
        }
    }

    /// Asks once; pays what is owed as long as the server answers. True: it is back.
    private func probeOnce() async -> Bool {
        do throws(RESPError) {
            try await askWhetherThere()
            while !Task.isCancelled {
                guard let debt = state.withLock(\.availability.debt) else {
                    // Between the two looks somebody may have deleted something more.
                    if state.withLock({ !$0.isShutDown && $0.availability.cameBack() }) { return true }
                    continue
                }
                if debt.isEverything { try await deleteEverything() }
                for start in stride(from: 0, to: debt.keys.count, by: 500) {
                    let keys = debt.keys[start..<min(start + 500, debt.keys.count)]
                    _ = try await client.send(Self.deletion(of: Array(keys)))
                }
                state.withLock { $0.availability.paid(debt) }
            }
            return false
        } catch {
            state.withLock { _ = $0.availability.left(error.description) }
            return false
        }
    }

    private func askWhetherThere() async throws(RESPError) {
        do {
            _ = try await client.send(["PING"])
        } catch  where Self.meansAway(error) {
            throw error
        } catch {
            // An account may be without the right to ask; that is an answer too.
        }
    }

    /// Leases first: whoever takes one after this began reads what is new.
    private func deleteEverything() async throws(RESPError) {
        for prefix in CacheKeys.copyPrefixes {
            var cursor = RESPArgument("0")
            repeat {
                let answer = try await client.send(["SCAN", cursor, "MATCH", RESPArgument(prefix + "*"), "COUNT", "500"])
                guard case .array(let parts) = answer, parts.count == 2, case .bulk(let next) = parts[0], case .array(let found) = parts[1]
                else { throw .protocolViolation("the answer to SCAN") }
                let keys = found.compactMap { key -> RESPArgument? in
                    guard case .bulk(let bytes) = key else { return nil }
                    return RESPArgument(bytes)
                }
                if !keys.isEmpty { _ = try await client.send(["DEL"] + keys) }
                cursor = RESPArgument(next)
            } while cursor != "0" && !Task.isCancelled
        }
    }

    // MARK: Words

    private static func deletion(of keys: [String]) -> [RESPArgument] {
        var command: [RESPArgument] = ["DEL"]
        for key in keys {
            command.append(RESPArgument(key))
            command.append(RESPArgument(CacheKeys.lease(key)))
        }
        return command
    }

    private static func expiry(_ seconds: Int?) -> [RESPArgument] {
        guard let seconds else { return [] }
        return ["EX", RESPArgument(max(1, seconds))]
    }
}
