import Core

/// A message as Twilio shows it.
enum TwilioJSON {
    static func message(_ message: EmulatedMessage, account: String) -> [UInt8] {
        var json = JSONWriter(capacity: 1024 + message.body.utf8.count)
        write(message, account: account, &json)
        return json.bytes
    }

    static func write(_ message: EmulatedMessage, account: String, _ json: inout JSONWriter) {
        let path = "/2010-04-01/Accounts/\(account)/Messages/\(message.id)"
        let isPicked = message.status != .accepted && message.status != .scheduled
        json.object { json in
            json.member("account_sid", account)
            json.member("api_version", "2010-04-01")
            json.member("body", message.body)
            json.member("date_created", TwilioDate.text(message.createdAt))
            json.member("date_sent", message.sentAt.map(TwilioDate.text))
            json.member("date_updated", TwilioDate.text(message.passages.last?.at ?? message.createdAt))
            json.member("direction", direction(message))
            json.member("error_code", message.errorCode)
            json.member("error_message", message.errorCode.map { TwilioError.messages[$0] ?? "Unknown error" })
            json.member("from", isPicked ? message.from : nil)
            json.member("messaging_service_sid", message.messagingService)
            json.member("num_media", "\(message.media.count)")
            json.member("num_segments", isPicked ? "\(max(1, Segments(message.body).count))" : "0")
            json.null("price")
            json.member("price_unit", "USD")
            json.member("sid", message.id)
            json.member("status", message.status.rawValue)
            json.object("subresource_uris") { $0.member("media", "\(path)/Media.json") }
            json.member("to", message.to)
            json.member("uri", "\(path).json")
        }
    }

    private static func direction(_ message: EmulatedMessage) -> String {
        switch message.direction {
        case .outbound: "outbound-api"
        case .inbound: "inbound"
        case .reply: "outbound-reply"
        }
    }
}

/// Times as Twilio writes them.
enum TwilioDate {
    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Thu, 24 Aug 2023 05:01:45 +0000` (RFC 2822).
    static func text(_ time: Timestamp) -> String {
        let (day, second) = split(time)
        let (year, month, dayOfMonth) = day.components
        return "\(weekdays[day.weekday - 1]), \(padded(dayOfMonth)) \(months[month - 1]) \(year) "
            + "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60)) +0000"
    }

    /// `YYMMDDhhmm`, as carriers report.
    static func receipt(_ time: Timestamp) -> String {
        let (day, second) = split(time)
        let (year, month, dayOfMonth) = day.components
        return padded(year % 100) + padded(month) + padded(dayOfMonth) + padded(second / 3600) + padded(second / 60 % 60)
    }

    /// Within the years that have four digits, so that the arrays above are never left.
    private static func split(_ time: Timestamp) -> (LocalDate, Int) {
        let seconds = min(max(time.seconds, 0), 253_402_300_799)
        return (LocalDate(dayNumber: Int(seconds / 86_400)), Int(seconds % 86_400))
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
