import Core
import Storage
import Synchronization

/// Carries an opt-out to the other instances, and theirs to this one, before it is acknowledged (promise P4).
///
/// The store orders an opt-out before or after the transaction that begins an attempt, on whatever instance. What began
/// before it may not have left yet: each instance finds its own in its ``FlightRegister`` and says when nothing of them can
/// begin any more. An instance that does not answer in time has lost touch, and who has lost touch begins nothing.
final class PeerConsent: Sendable {
    private static let question = "withdraw"
    private static let answer = "withdrawn"

    /// Another instance's question whose answer has to wait for attempts that have begun.
    private struct Owed: Sendable {
        var number: String
        var begun: [CommunicationID]
    }

    private struct Waiting: Sendable {
        /// Of each other instance, how many answers are still to come.
        var outstanding: [Int64: Int]
        var continuation: CheckedContinuation<Void, Never>?
    }

    private struct State: Sendable {
        var next: Int64 = 0
        var waiting: [Int64: Waiting] = [:]
    }

    private let line: PeerLine
    private let register: FlightRegister
    private let owed = RoundQueue<Owed>()
    private let state = Mutex(State())

    init(line: PeerLine, register: FlightRegister) {
        self.line = line
        self.register = register
        line.listen(Self.question) { [weak self] text, sender in self?.heard(question: text, from: sender) }
        line.listen(Self.answer) { [weak self] text, sender in self?.heard(answer: text, from: sender) }
        // Who may have missed an opt-out begins nothing of what it holds; it is claimed again, and looked at again.
        line.onInterruption { [register] in register.withdrawUnbegun() }
    }

    var isInTouch: Bool { line.isInTouch }

    /// Answers the others; runs until ``close()``.
    func run() async {
        line.join()
        await withTaskGroup(of: Void.self) { group in
            while let questions = await owed.next() {
                for question in questions {
                    group.addTask {
                        await self.register.settled(question.begun, within: .seconds(1))
                        self.line.say(Self.answer, question.number)
                    }
                }
            }
        }
    }

    func close() {
        owed.close()
    }

    /// Returns once no other instance begins anything for these clients on these channels, and all have heard what was said before.
    func settle(_ changes: [ConsentChange]) async {
        guard !changes.isEmpty else { return }
        let others: Set<Int64>
        do {
            others = try await line.others()
        } catch {
            // Nobody knows who is there: whoever is has either heard of it or lost touch by then.
            try? await Task.sleep(for: PeerLine.patience)
            return
        }
        guard !others.isEmpty else { return }
        let number = state.withLock { state in
            state.next += 1
            state.waiting[state.next] = Waiting(outstanding: Dictionary(others.map { ($0, changes.count) }) { first, _ in first })
            return state.next
        }
        for change in changes {
            line.say(Self.question, "\(number) \(change.business) \(change.channels.rawValue) \(change.client.text)")
        }
        let alarm = Task {
            try await Task.sleep(for: PeerLine.patience)
            self.finish(number)
        }
        await withCheckedContinuation { continuation in
            let isAnswered = state.withLock { state in
                guard state.waiting[number] != nil else { return true }
                state.waiting[number]?.continuation = continuation
                return false
            }
            if isAnswered { continuation.resume() }
        }
        alarm.cancel()
    }

    private func heard(question text: String, from sender: Int64) {
        let parts = text.split(separator: " ", maxSplits: 3)
        guard parts.count == 4, let business = UUIDv7(String(parts[1])), let channels = UInt8(parts[2]),
            let client = ClientID(String(parts[3]))
        else { return }
        let begun = register.withdraw(business: business, client: client, channels: ChannelSet(rawValue: channels))
        let number = "\(sender) \(parts[0])"
        if begun.isEmpty || !owed.post(Owed(number: number, begun: begun)) { line.say(Self.answer, number) }
    }

    private func heard(answer text: String, from sender: Int64) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, Int64(parts[0]) == line.name, let number = Int64(parts[1]) else { return }
        let isLast = state.withLock { state in
            guard let left = state.waiting[number]?.outstanding[sender] else { return false }
            state.waiting[number]?.outstanding[sender] = left > 1 ? left - 1 : nil
            return state.waiting[number]?.outstanding.isEmpty == true
        }
        if isLast { finish(number) }
    }

    private func finish(_ number: Int64) {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: number) }
        waiting?.continuation?.resume()
    }
}
