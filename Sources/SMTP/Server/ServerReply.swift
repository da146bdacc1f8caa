/// A reply of ours, with an enhanced status code where one applies (RFC 2034).
struct ServerReply: Sendable, Equatable {
    var code: Int
    var lines: [String]

    init(_ code: Int, _ lines: String...) {
        self.code = code
        self.lines = lines
    }

    init(_ code: Int, lines: [String]) {
        self.code = code
        self.lines = lines
    }

    var text: String {
        var text = ""
        for (index, line) in lines.enumerated() {
            text += "\(code)\(index == lines.count - 1 ? " " : "-")\(line)\r\n"
        }
        return text
    }

    static let closing = ServerReply(421, "4.3.2 closing, try again later")
    static let timeout = ServerReply(421, "4.4.2 took too long")
    static let tooMany = ServerReply(421, "4.7.0 too many connections, try again later")
    static let tooManyErrors = ServerReply(421, "4.7.0 too many errors")
    static let lineTooLong = ServerReply(500, "5.5.2 line too long")
    static let messageTooLarge = ServerReply(552, "5.3.4 message too large")
    static let noSuchAddress = ServerReply(550, "5.1.1 no such address here")
    static let outOfOrder = ServerReply(503, "5.5.1 not now")
    static let badSyntax = ServerReply(501, "5.5.4 can not be read")
}
