/// From a reply to what should be done about it: RFC 5321 4.2, RFC 3463 and the registry of RFC 5248.
enum ReplyClassification {
    static func category(code: Int, enhanced: EnhancedStatus?, phase: SMTPFailure.Phase) -> SMTPFailure.Category {
        if code == 421 { return .rateLimit }
        if code == 530 || code == 534 || code == 535 || code == 538 { return .authFailure }
        if phase == .authentication { return code / 100 == 4 ? .transient : .authFailure }
        // Where class and first digit disagree the first digit wins, so the class is not looked at.
        if code / 100 == 5 { return permanentFamily(code: code, enhanced: enhanced, phase: phase) }
        return transientFamily(enhanced: enhanced)
    }

    private static func transientFamily(enhanced: EnhancedStatus?) -> SMTPFailure.Category {
        switch (enhanced?.subject, enhanced?.detail) {
        case (5, 3), (7, 0), (7, 28): .rateLimit
        default: .transient
        }
    }

    private static func permanentFamily(
        code: Int, enhanced: EnhancedStatus?, phase: SMTPFailure.Phase
    ) -> SMTPFailure.Category {
        guard let enhanced else { return plain(code: code, phase: phase) }
        switch enhanced.subject {
        case 1: return [1, 2, 6, 9, 10].contains(enhanced.detail) ? .permanent : .invalidInput
        case 2: return enhanced.detail == 4 ? .transient : .permanent
        case 3: return enhanced.detail == 4 ? .invalidInput : .transient
        case 4: return routing(enhanced.detail, phase: phase)
        case 5, 6: return .invalidInput
        case 7: return policy(enhanced.detail, phase: phase)
        default: return plain(code: code, phase: phase)
        }
    }

    private static func routing(_ detail: Int, phase: SMTPFailure.Phase) -> SMTPFailure.Category {
        switch detail {
        // Exchange Online refuses unknown recipients with 550 5.4.1.
        case 1: phase == .rcptTo ? .permanent : .transient
        case 2, 3: .transient
        // Gmail's daily sending limit.
        case 5: .rateLimit
        default: .permanent
        }
    }

    private static func policy(_ detail: Int, phase: SMTPFailure.Phase) -> SMTPFailure.Category {
        switch detail {
        case 4...14:
            // Once the server took the sender, its complaint is about recipient or content (Yahoo: 554 5.7.9 after DATA).
            return phase == .rcptTo || phase == .data || phase == .accept ? .permanent : .authFailure
        case 28: return .rateLimit
        default: return .permanent
        }
    }

    private static func plain(code: Int, phase: SMTPFailure.Phase) -> SMTPFailure.Category {
        switch code {
        case 500...504, 555: .invalidInput
        case 552: phase == .rcptTo ? .permanent : .invalidInput
        case 553: phase == .mailFrom ? .invalidInput : .permanent
        default: .permanent
        }
    }
}
