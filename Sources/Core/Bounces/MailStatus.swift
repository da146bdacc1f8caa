/// An enhanced mail system status code, `class.subject.detail` (RFC 3463), as it stands in reports.
public struct MailStatus: Sendable, Hashable, CustomStringConvertible {
    /// 2 success, 4 for now, 5 for good.
    public let statusClass: Int
    /// 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy; 0 says nothing.
    public let subject: Int
    public let detail: Int

    public init(_ statusClass: Int, _ subject: Int, _ detail: Int) {
        self.statusClass = statusClass
        self.subject = subject
        self.detail = detail
    }

    public var description: String { "\(statusClass).\(subject).\(detail)" }

    /// The first code in a text that is no part of something longer (an IP address, a version).
    public init?(first text: String) {
        let bytes = Array(text.utf8.prefix(4_096))
        for start in bytes.indices where bytes[start] == 0x32 || bytes[start] == 0x34 || bytes[start] == 0x35 {
            if start > 0, Self.continues(bytes[start - 1]) { continue }
            guard let code = Self.read(bytes[start...]) else { continue }
            self = code
            return
        }
        return nil
    }

    private static func read(_ bytes: ArraySlice<UInt8>) -> MailStatus? {
        var numbers = [0, 0, 0]
        var part = 0
        var digits = 0
        var position = bytes.startIndex
        while position < bytes.endIndex {
            let byte = bytes[position]
            if (0x30...0x39).contains(byte) {
                digits += 1
                guard digits <= (part == 0 ? 1 : 3) else { return nil }
                numbers[part] = numbers[part] * 10 + Int(byte - 0x30)
            } else if byte == 0x2E, part < 2, digits > 0 {
                part += 1
                digits = 0
            } else {
                break
            }
            position += 1
        }
        guard part == 2, digits > 0 else { return nil }
        if position < bytes.endIndex {
            // A full stop may end a sentence.
            let next = bytes[position]
            let afterNext = bytes.dropFirst(position - bytes.startIndex + 1).first
            if isLetter(next) || next == 0x2E && afterNext.map({ (0x30...0x39).contains($0) }) == true { return nil }
        }
        return MailStatus(numbers[0], numbers[1], numbers[2])
    }

    private static func continues(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == 0x2E || isLetter(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
