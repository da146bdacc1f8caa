/// The server's side of an SMTP session between its bytes: one command in, one action out (RFC 5321, section 4).
///
/// Pure: no I/O and no time, so that every order of commands can be tried.
struct ServerSession {
    enum Action: Equatable {
        case reply(ServerReply)
        /// The last reply; then the connection ends.
        case end(ServerReply)
        /// After this reply the message follows.
        case data(ServerReply)
        case startTLS(ServerReply)
    }

    struct Limits {
        var maxMessageBytes: Int
        var maxRecipients: Int
        var maxErrors: Int
        var maxIdleCommands: Int
        var maxMessages: Int
    }

    let hostName: String
    let limits: Limits
    /// Whether an address is one of ours; the only thing that decides on mail.
    let accepts: @Sendable (String) -> Bool

    private(set) var isEncrypted = false
    private(set) var sender: String?
    private(set) var recipients: [String] = []
    private var hasGreeted = false
    private var isExtended = false
    private let offersTLS: Bool
    private var errors = 0
    private var idleCommands = 0
    private var messages = 0

    init(hostName: String, limits: Limits, offersTLS: Bool, accepts: @escaping @Sendable (String) -> Bool) {
        self.hostName = hostName
        self.limits = limits
        self.offersTLS = offersTLS
        self.accepts = accepts
    }

    /// - Parameter line: without its CRLF.
    mutating func command(_ line: some Collection<UInt8>) -> Action {
        let action = perform(Array(line))
        guard case .reply(let reply) = action else { return action }
        if reply.code >= 500 || reply.code == 452 { errors += 1 }
        if errors > limits.maxErrors || idleCommands > limits.maxIdleCommands { return .end(.tooManyErrors) }
        return action
    }

    /// A line that was no command: it ended wrongly.
    mutating func badLine() -> Action { command([0]) }

    /// TLS is up: nothing of what was said before holds (RFC 3207, section 4.2).
    mutating func encrypted() {
        isEncrypted = true
        hasGreeted = false
        reset()
    }

    /// The message is settled. The envelope is gone either way.
    mutating func settled(_ disposition: MailDisposition) -> Action {
        reset()
        messages += 1
        let reply =
            switch disposition {
            case .taken: ServerReply(250, "2.6.0 taken")
            case .later: ServerReply(451, "4.3.0 can not be stored now, try again later")
            case .refused: ServerReply(550, "5.7.1 refused")
            }
        if disposition == .refused { errors += 1 }
        return messages >= limits.maxMessages ? .end(reply) : .reply(reply)
    }

    private mutating func reset() {
        sender = nil
        recipients = []
    }

    private mutating func perform(_ line: [UInt8]) -> Action {
        guard line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 }) else {
            // 8-bit characters come from clients that were promised nothing of the kind.
            return .reply(ServerReply(500, "5.5.2 ASCII only"))
        }
        let text = String(decoding: line, as: UTF8.self)
        let verb = text.prefix { $0 != " " && $0 != "\t" }
        let argument = text[verb.endIndex...].drop { $0 == " " || $0 == "\t" }
        switch verb.uppercased() {
        case "EHLO": return hello(argument, extended: true)
        case "HELO": return hello(argument, extended: false)
        case "MAIL": return mail(argument)
        case "RCPT": return recipient(argument)
        case "DATA": return data(argument)
        case "RSET":
            idleCommands += 1
            reset()
            return .reply(ServerReply(250, "2.0.0 ok"))
        case "NOOP":
            idleCommands += 1
            return .reply(ServerReply(250, "2.0.0 ok"))
        case "VRFY":
            idleCommands += 1
            return .reply(ServerReply(252, "2.1.5 send some mail, it will be tried"))
        case "HELP":
            idleCommands += 1
            return .reply(ServerReply(214, "2.0.0 see RFC 5321"))
        case "STARTTLS": return startTLS(argument)
        case "QUIT": return .end(ServerReply(221, "2.0.0 bye"))
        case "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "HOST:", "USER-AGENT:":
            // A browser or a worse messenger; it will not say anything that makes sense here.
            return .end(ServerReply(554, "5.5.1 this is no web server"))
        case "EXPN", "AUTH", "ETRN", "TURN", "BDAT": return .reply(ServerReply(502, "5.5.1 not offered"))
        default: return .reply(ServerReply(500, "5.5.1 not known"))
        }
    }

    private mutating func hello(_ name: Substring, extended: Bool) -> Action {
        idleCommands += 1
        guard !name.isEmpty, name.utf8.count <= 255 else { return .reply(.badSyntax) }
        hasGreeted = true
        isExtended = extended
        reset()
        guard extended else { return .reply(ServerReply(250, hostName)) }
        var lines = [hostName, "PIPELINING", "SIZE \(limits.maxMessageBytes)", "8BITMIME"]
        if offersTLS, !isEncrypted { lines.append("STARTTLS") }
        lines.append("ENHANCEDSTATUSCODES")
        return .reply(ServerReply(250, lines: lines))
    }

    private mutating func mail(_ argument: Substring) -> Action {
        guard hasGreeted, sender == nil else { return .reply(.outOfOrder) }
        guard let path = EnvelopePath(argument, keyword: "FROM:", allowsNull: true) else { return .reply(.badSyntax) }
        for parameter in path.parameters {
            let parts = parameter.split(separator: "=", maxSplits: 1)
            switch (parts.first?.uppercased() ?? "", parts.count == 2 ? String(parts[1]) : nil) {
            case ("SIZE", let text?):
                guard text.utf8.count <= 20, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return .reply(.badSyntax) }
                if Int(text) ?? Int.max > limits.maxMessageBytes { return .reply(.messageTooLarge) }
            case ("BODY", let text?) where ["7BIT", "8BITMIME"].contains(text.uppercased()): break
            default: return .reply(ServerReply(555, "5.5.4 parameter not offered"))
            }
        }
        sender = path.address
        return .reply(ServerReply(250, "2.1.0 ok"))
    }

    private mutating func recipient(_ argument: Substring) -> Action {
        guard sender != nil else { return .reply(.outOfOrder) }
        guard let path = EnvelopePath(argument, keyword: "TO:", allowsNull: false) else { return .reply(.badSyntax) }
        guard path.parameters.isEmpty else { return .reply(ServerReply(555, "5.5.4 parameter not offered")) }
        guard accepts(path.address) else { return .reply(.noSuchAddress) }
        guard recipients.count < limits.maxRecipients else { return .reply(ServerReply(452, "4.5.3 too many recipients")) }
        if !recipients.contains(path.address) { recipients.append(path.address) }
        return .reply(ServerReply(250, "2.1.5 ok"))
    }

    private mutating func data(_ argument: Substring) -> Action {
        guard argument.isEmpty else { return .reply(.badSyntax) }
        guard sender != nil else { return .reply(.outOfOrder) }
        guard !recipients.isEmpty else { return .reply(ServerReply(554, "5.5.1 no valid recipients")) }
        return .data(ServerReply(354, "end with <CRLF>.<CRLF>"))
    }

    private mutating func startTLS(_ argument: Substring) -> Action {
        guard offersTLS else { return .reply(ServerReply(502, "5.5.1 not offered")) }
        guard argument.isEmpty else { return .reply(.badSyntax) }
        guard hasGreeted, isExtended, !isEncrypted, sender == nil else { return .reply(.outOfOrder) }
        return .startTLS(ServerReply(220, "2.0.0 go ahead"))
    }
}

/// `FROM:<address> PARAMETER…` (RFC 5321, section 4.1.2).
struct EnvelopePath {
    var address: String
    var parameters: [Substring]

    init?(_ argument: Substring, keyword: String, allowsNull: Bool) {
        guard argument.prefix(keyword.count).uppercased() == keyword else { return nil }
        let rest = argument.dropFirst(keyword.count).drop { $0 == " " }
        guard rest.first == "<" else { return nil }
        var isQuoted = false
        var isEscaped = false
        var end: Substring.Index?
        for index in rest.indices.dropFirst() {
            let character = rest[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == ">", !isQuoted {
                end = index
                break
            }
        }
        guard let end else { return nil }
        var path = rest[rest.index(after: rest.startIndex)..<end]
        // A source route means nothing any more (RFC 5321, appendix C).
        if path.first == "@", let colon = path.firstIndex(of: ":") { path = path[path.index(after: colon)...] }
        guard path.utf8.count <= 254, allowsNull || !path.isEmpty else { return nil }
        address = String(path)
        let after = rest[rest.index(after: end)...]
        guard after.isEmpty || after.first == " " else { return nil }
        parameters = after.split(separator: " ")
        guard parameters.count <= 10 else { return nil }
    }
}
