/// What a bounce says of the address that it concerns.
public enum BounceClass: String, Sendable, Hashable, CaseIterable {
    /// Nobody can be reached there: the address is given up at once.
    case hard
    /// Not now: a full mailbox, a server that could not be reached for days. It counts.
    case soft
    /// The message was refused for what it is or where it comes from; the address may well be good.
    case refused
}

/// Judges a failure by its status code, and by the server's words where the code says little (RFC 3463, RFC 5248 and what servers do).
public enum BounceRule {
    /// - Parameters:
    ///   - status: the report's own code.
    ///   - diagnostic: the server's words, where a more exact code may stand.
    public static func judge(status: MailStatus?, diagnostic: String) -> BounceClass {
        let words = BounceWords(diagnostic)
        var code = status
        // 5.0.0 is what servers write who do not know; the remote server's answer often does.
        if code == nil || code?.subject == 0, let better = MailStatus(first: diagnostic), better.statusClass != 2 { code = better }
        guard let code, code.statusClass != 2 else { return byWords(words, isPermanent: words.replyCode.map { $0 >= 500 } ?? true) }
        guard code.statusClass == 5 else {
            // Some servers say 4 and mean it for ever; the word of the address is the better witness then.
            return words.saysPolicy ? .refused : .soft
        }
        switch (code.subject, code.detail) {
        case (1, 1), (1, 2), (1, 3), (1, 6), (1, 10): return words.saysFull ? .soft : .hard
        case (1, 7), (1, 8): return .refused
        case (1, _): return words.saysPolicy ? .refused : .hard
        case (2, 1): return words.saysFull ? .soft : .hard
        case (2, 2): return .soft
        case (2, 3): return .refused
        case (2, _): return byWords(words, isPermanent: true)
        case (3, 4), (5, _), (6, _): return words.saysUnknown ? .hard : .refused
        case (3, _): return words.saysUnknown ? .hard : .soft
        // Exchange Online: the directory of the domain does not have the recipient.
        case (4, 1): return words.saysUnknown || words.says("recipient address rejected") ? .hard : .soft
        case (4, 4): return .hard
        case (4, 6): return .refused
        case (4, _): return .soft
        case (7, _): return words.saysUnknown ? .hard : .refused
        default: return byWords(words, isPermanent: true)
        }
    }

    private static func byWords(_ words: BounceWords, isPermanent: Bool) -> BounceClass {
        if words.saysFull { return .soft }
        if words.saysUnknown { return isPermanent ? .hard : .soft }
        if words.saysPolicy { return .refused }
        guard isPermanent else { return .soft }
        switch words.replyCode {
        // Not here, or a host that takes no mail at all. 550 without a word of the mailbox may be policy as well.
        case 551?, 521?, 556?: return .hard
        case 554?, 555?: return .refused
        default: return .soft
        }
    }
}

/// What servers write when mail can not be delivered.
struct BounceWords {
    private let text: PhraseText
    /// The three-digit reply of the SMTP session, if one stands there.
    let replyCode: Int?

    init(_ diagnostic: String) {
        text = PhraseText(diagnostic, limit: 4_096)
        replyCode = Self.replyCode(in: diagnostic.utf8.prefix(4_096))
    }

    func says(_ phrase: String) -> Bool { text.contains(phrase) }

    var saysUnknown: Bool { text.containsAny(Self.unknown) }
    var saysFull: Bool { text.containsAny(Self.full) }
    var saysPolicy: Bool { text.containsAny(Self.policy) }

    private static let unknown = [
        "user unknown", "unknown user", "unknown recipient", "recipient unknown", "no such user", "no such mailbox", "no such recipient",
        "no such address", "no such person", "not a valid mailbox", "no mailbox here", "mailbox not found", "user not found",
        "recipient not found", "recipientnotfound", "address not found", "account not found", "mailbox does not exist", "does not exist",
        "doesn't exist", "doesn't have a", "not exist", "user doesn't", "account that you tried to reach", "invalid mailbox",
        "invalid recipient", "recipient invalid", "bad destination mailbox", "is not a known user", "not known here", "not our customer",
        "mailbox unavailable", "mailbox is unavailable", "account is disabled", "account disabled", "account has been disabled",
        "mailbox disabled", "mailbox is disabled", "account is inactive", "account inactive", "user is inactive", "no longer in use",
        "no longer valid", "no longer on server", "address rejected: unknown", "unrouteable address", "unroutable address",
        "host or domain name not found", "domain not found", "nxdomain", "no mx", "unknown local part", "unknown address",
        "nosuchuser", "alias is invalid", "recipient rejected", "addressee unknown", "empfänger unbekannt", "utilisateur inconnu",
        "couldn't find any host", "name service error", "cannot find your",
    ]
    private static let full = [
        "mailbox full", "mailbox is full", "mailbox for user is full", "over quota", "overquota", "quota exceeded", "exceeded storage",
        "exceeds quota", "exceeded the quota", "insufficient storage", "insufficient system storage", "out of storage", "inbox is full",
        "user is over", "mailbox size limit", "storage allocation", "quota exceed", "not enough space", "postfach voll",
        "over the maximum allowed mailbox", "mailbox limit",
    ]
    private static let policy = [
        "spam", "blacklist", "blocklist", "block list", "blocked", "blacklisted", "reputation", "policy", "spamhaus", "barracuda", "dmarc",
        "dkim", "spf", "not authorized", "access denied", "relay", "content rejected", "virus", "unsolicited", "banned", "rejected for",
        "message rejected", "message refused", "rbl", "dnsbl", "prohibited", "suspicious", "too large", "message size", "exceeds the",
    ]

    /// The first number from 421 to 559 that stands by itself.
    static func replyCode(in text: some Sequence<UInt8>) -> Int? {
        var number = 0
        var digits = 0
        var begins = true
        func found(_ next: UInt8?) -> Int? {
            guard digits == 3, begins, (421...559).contains(number), next != 0x2E else { return nil }
            return number
        }
        var previous: UInt8 = 0x20
        for byte in text {
            if (0x30...0x39).contains(byte) {
                if digits == 0 { begins = !(previous == 0x2E || isLetter(previous)) }
                digits += 1
                number = digits <= 3 ? number * 10 + Int(byte - 0x30) : number
            } else {
                if let code = found(byte) { return code }
                number = 0
                digits = 0
            }
            previous = byte
        }
        return found(nil)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
