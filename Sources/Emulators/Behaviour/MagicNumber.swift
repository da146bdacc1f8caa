/// Recipients that make an emulator behave in a certain way, whatever else is set (`docs/emulators.md` has the table).
///
/// Behind `+1 500 555` comes either a provider's error code or, in four digits that begin with 9, one of the behaviours below.
/// `+1 500 556` and a code refuse at once; `+1 500 557` and a code take the message and report the failure later.
enum MagicNumber {
    private static let usual = "+1500555"
    private static let atOnce = "+1500556"
    private static let later = "+1500557"

    /// - Parameters:
    ///   - number: in E.164, with `+`.
    ///   - isReportedLater: whether this provider tells of the code by callback, as a rule.
    static func behaviour(of number: String, isReportedLater: (Int) -> Bool) -> Behaviour? {
        if number.hasPrefix(usual) {
            let digits = number.dropFirst(usual.count)
            if let behaviour = behaviours[String(digits)] { return behaviour }
            return code(digits).map { isReportedLater($0) ? .fail(code: $0) : .refuse(code: $0) }
        }
        if number.hasPrefix(atOnce) { return code(number.dropFirst(atOnce.count)).map { .refuse(code: $0) } }
        if number.hasPrefix(later) { return code(number.dropFirst(later.count)).map { .fail(code: $0) } }
        return nil
    }

    /// Five or six digits, so that ordinary numbers of this exchange stay ordinary. Shorter codes have zeros in front: `00190`.
    private static func code(_ digits: Substring) -> Int? {
        guard (5...6).contains(digits.utf8.count), let code = Int(digits), code > 0 else { return nil }
        return code
    }

    /// By the four digits behind `+1 500 555`.
    static let behaviours: [String: Behaviour] = [
        "9000": .read, "9001": .slow, "9002": .hang, "9003": .cut, "9004": .drop, "9005": .badGateway, "9006": .truncated,
        "9007": .incomplete, "9008": .huge, "9009": .tooMany(retryAfter: nil), "9010": .tooMany(retryAfter: 2), "9011": .internalError,
        "9012": .flaky, "9013": .silent, "9014": .unconfirmed, "9015": .duplicates, "9016": .shuffled, "9017": .early, "9018": .late,
    ]
}
