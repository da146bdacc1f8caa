import Core

/// The forms that Twilio posts.
enum TwilioCallbacks {
    /// A message's new status; nil where nobody wants to know.
    static func status(
        _ message: EmulatedMessage, _ status: MessageStatus, code: Int?, at now: Timestamp, account: TwilioAccount
    ) -> Callback? {
        guard let url = message.callbackURL else { return nil }
        var fields: [(String, String)] = [
            ("SmsSid", message.id), ("SmsStatus", status.rawValue), ("MessageStatus", status.rawValue), ("To", message.to),
            ("MessageSid", message.id), ("AccountSid", account.accountSID), ("From", message.from), ("ApiVersion", "2010-04-01"),
        ]
        if let service = message.messagingService { fields.append(("MessagingServiceSid", service)) }
        if let code {
            fields.append(("ErrorCode", "\(code)"))
            fields.append(("ErrorMessage", TwilioError.messages[code] ?? "Unknown error"))
        }
        if status == .delivered || status == .undelivered { fields.append(("RawDlrDoneDate", TwilioDate.receipt(now))) }
        return Callback(url: url, content: .form(fields))
    }

    /// A message from a person.
    static func inbound(_ message: EmulatedMessage, keyword: StopKeyword?, account: TwilioAccount) -> [(String, String)] {
        var fields: [(String, String)] = [
            ("ToCountry", "US"), ("ToState", ""), ("ToCity", ""), ("ToZip", ""), ("FromCountry", "US"), ("FromState", ""),
            ("FromCity", ""), ("FromZip", ""), ("SmsMessageSid", message.id), ("SmsSid", message.id), ("MessageSid", message.id),
            ("SmsStatus", "received"), ("Body", message.body), ("To", message.to), ("From", message.from),
            ("NumMedia", "\(message.media.count)"), ("NumSegments", "\(max(1, Segments(message.body).count))"),
            ("AccountSid", account.accountSID), ("ApiVersion", "2010-04-01"),
        ]
        for (index, url) in message.media.enumerated() {
            fields.append(("MediaUrl\(index)", url))
            fields.append(("MediaContentType\(index)", "image/jpeg"))
        }
        if account.advancedOptOut, let keyword { fields.append(("OptOutType", keyword.rawValue)) }
        return fields
    }
}

/// What a whole message means to Twilio itself.
enum StopKeyword: String, Sendable {
    case stop = "STOP"
    case start = "START"
    case help = "HELP"

    init?(_ text: String) {
        var word = text.uppercased()[...]
        while let last = word.last, last.isWhitespace { word.removeLast() }
        while let first = word.first, first.isWhitespace { word.removeFirst() }
        switch word {
        case "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT": self = .stop
        case "START", "UNSTOP": self = .start
        case "HELP", "INFO": self = .help
        default: return nil
        }
    }
}
