/// An enhanced mail system status code, `class.subject.detail` (RFC 3463).
public struct EnhancedStatus: Sendable, Hashable, CustomStringConvertible {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    public let statusClass: Int
    /// What it is about: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy.
    public let subject: Int
    /// The registered detail within the subject (RFC 5248).
    public let detail: Int

    public init(_ statusClass: Int, _ subject: Int, _ detail: Int) {
        self.statusClass = statusClass
        self.subject = subject
        self.detail = detail
    }

    public var description: String { "\(statusClass).\(subject).\(detail)" }

    /// Reads the code at the very start of a reply's text; nil when there is none or it is malformed.
    static func parse(_ text: some Sequence<UInt8>) -> EnhancedStatus? {
        var numbers = (0, 0, 0)
        var part = 0
        var digits = 0
        for byte in text {
            switch byte {
            case 0x30...0x39:
                digits += 1
                guard digits <= (part == 0 ? 1 : 3) else { return nil }
                let digit = Int(byte) - 0x30
                switch part {
                case 0: numbers.0 = digit
                case 1: numbers.1 = numbers.1 * 10 + digit
                default: numbers.2 = numbers.2 * 10 + digit
                }
            case 0x2E:
                guard digits > 0, part < 2 else { return nil }
                part += 1
                digits = 0
            case 0x20, 0x09:
                return make(numbers, part: part, digits: digits)
            default:
                return nil
            }
        }
        return make(numbers, part: part, digits: digits)
    }

    private static func make(_ numbers: (Int, Int, Int), part: Int, digits: Int) -> EnhancedStatus? {
        guard part == 2, digits > 0, numbers.0 == 2 || numbers.0 == 4 || numbers.0 == 5 else { return nil }
        return EnhancedStatus(numbers.0, numbers.1, numbers.2)
    }
}
