/// One thing that the doctor looked at.
struct Finding: Sendable, Equatable {
    enum Verdict: Sendable {
        case well
        /// Has to be mended; the exit status says so too.
        case ill
        /// Worth knowing.
        case note
    }

    var verdict: Verdict
    var subject: String
    var text: String
    /// What to do about it.
    var remedy: String?

    static func well(_ subject: String, _ text: String) -> Finding {
        Finding(verdict: .well, subject: subject, text: text, remedy: nil)
    }

    static func note(_ subject: String, _ text: String, _ remedy: String? = nil) -> Finding {
        Finding(verdict: .note, subject: subject, text: text, remedy: remedy)
    }

    static func ill(_ subject: String, _ text: String, mend remedy: String) -> Finding {
        Finding(verdict: .ill, subject: subject, text: text, remedy: remedy)
    }

    /// As it stands in the terminal.
    var lines: String {
        let mark =
            switch verdict {
            case .well: "✓"
            case .ill: "✗"
            case .note: "–"
            }
        return "\(mark) \(subject): \(text)" + (remedy.map { "\n    → \($0)" } ?? "")
    }
}
