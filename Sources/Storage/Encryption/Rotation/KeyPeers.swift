import Core
import Synchronization

/// Asks the other instances which key they write with, and answers when they ask.
///
/// A rotation can only end once nobody writes with an old key any more, and an instance that does not know the new key could not
/// read what the rotation leaves behind.
public final class KeyPeers: Sendable {
    private static let question = "key_asked"
    private static let answer = "key_told"

    private struct Waiting: Sendable {
        var outstanding: Set<Int64>
        var continuation: CheckedContinuation<Void, Never>?
    }

    private struct State: Sendable {
        var next: Int64 = 0
        var waiting: [Int64: Waiting] = [:]
    }

    private let line: PeerLine
    private let state = Mutex(State())

    public init(database: Database, cipher: Cipher) {
        line = database.peers
        line.listen(Self.question) { [line] text, sender in
            let parts = text.split(separator: " ")
            guard parts.count == 2 else { return }
            // Who writes with another key stays silent, and is counted with those who cannot answer.
            if parts[1] == cipher.keys.fingerprint { line.say(Self.answer, "\(sender) \(parts[0])") }
        }
        line.listen(Self.answer) { [weak self] text, sender in self?.heard(text, from: sender) }
    }

    /// How many other instances do not say within ``PeerLine/patience`` that they write with this key.
    public func othersWithout(_ fingerprint: String) async throws -> Int {
        let others = try await line.others()
        guard !others.isEmpty else { return 0 }
        let number = state.withLock { state in
            state.next += 1
            state.waiting[state.next] = Waiting(outstanding: others)
            return state.next
        }
        line.say(Self.question, "\(number) \(fingerprint)")
        let alarm = Task {
            try await Task.sleep(for: PeerLine.patience)
            self.finish(number)
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.waiting[number]?.outstanding.isEmpty == false else { return true }
                state.waiting[number]?.continuation = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
        alarm.cancel()
        return state.withLock { $0.waiting.removeValue(forKey: number)?.outstanding.count ?? 0 }
    }

    private func heard(_ text: String, from sender: Int64) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, Int64(parts[0]) == line.name, let number = Int64(parts[1]) else { return }
        let isLast = state.withLock { state in
            state.waiting[number]?.outstanding.remove(sender)
            return state.waiting[number]?.outstanding.isEmpty == true
        }
        if isLast { finish(number) }
    }

    /// What is outstanding stays, to be counted.
    private func finish(_ number: Int64) {
        let continuation = state.withLock { state in
            defer { state.waiting[number]?.continuation = nil }
            return state.waiting[number]?.continuation
        }
        continuation?.resume()
    }
}
