import Core
import HTTPTypes

/// What both emulators work with.
struct EmulatorParts: Sendable {
    let configuration: EmulatorConfiguration
    let clock: WallClock
    let log: MessageLog
    let behaviours: BehaviourTable
    let reporter: StatusReporter
    let callbacks: CallbackSender

    /// What a message to `recipient` meets: its number's magic first, then what the control API asked for.
    func behaviour(_ provider: EmulatedProvider, to recipient: String, isReportedLater: (Int) -> Bool) -> Behaviour {
        MagicNumber.behaviour(of: recipient, isReportedLater: isReportedLater)
            ?? behaviours.behaviour(provider: provider, to: recipient) ?? .deliver
    }

    /// How the callbacks of a message with this behaviour go out.
    func habit(_ behaviour: Behaviour) -> StatusReporter.Habit {
        let habits = configuration.callbacks
        return StatusReporter.Habit(
            copies: behaviour == .duplicates ? 3 : max(1, habits.copies), isShuffled: behaviour == .shuffled || habits.shuffled,
            delay: behaviour == .late ? 60_000 : Int(min(max(habits.delay, 0), 86_400) * 1000))
    }

    /// Takes a message that was kept on its way and lets `answer` bring that about.
    func answering(
        _ answer: EmulatorAnswer, for id: String, _ steps: [StatusReporter.Step], _ behaviour: Behaviour
    ) async -> EmulatorAnswer {
        let habit = habit(behaviour)
        var answer = answer
        if behaviour == .early || configuration.callbacks.early, !steps.isEmpty {
            await reporter.beginEarly(id, steps, habit)
        } else {
            answer.afterwards = { [reporter] in reporter.begin(id, steps, habit) }
        }
        return answer.disturbed(by: behaviour)
    }

    /// The request takes its time.
    func wait(_ behaviour: Behaviour) async {
        let milliseconds = behaviour == .slow ? 5000 : configuration.latency.answer()
        // Cancelled when the emulator stops: nobody waits for the answer then.
        if milliseconds > 0 { try? await Task.sleep(for: .milliseconds(milliseconds)) }
    }
}

extension EmulatorAnswer {
    /// The same answer as it arrives where a message was taken but the answer does not come through whole.
    func disturbed(by behaviour: Behaviour) -> EmulatorAnswer {
        var answer = self
        switch behaviour {
        case .cut: answer.ending = .cut
        case .incomplete: answer.ending = .incomplete
        case .truncated: answer.body = Array(body.prefix(body.count / 2))
        case .huge:
            answer.body.removeLast()
            answer.body += Array(",\"padding\":\"".utf8)
            answer.body += [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
            answer.body += Array("\"}".utf8)
        default: break
        }
        return answer
    }

    /// What a proxy says when the server behind it does not answer.
    static let badGateway = EmulatorAnswer(
        status: .badGateway, contentType: "text/html",
        body: Array(
            "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\r\n".utf8))
}
