import Core
import HTTPTypes
import Providers

extension TwilioEmulator {
    func show(_ id: String) throws(TwilioError) -> EmulatorAnswer {
        guard let message = parts.log.message(id), message.provider == .twilio else { throw TwilioError(20_404) }
        return .json(.ok, TwilioJSON.message(message, account: account.accountSID))
    }

    /// Cancels a scheduled message, or takes its text away.
    func update(_ id: String, _ request: EmulatorRequest) throws(TwilioError) -> EmulatorAnswer {
        guard let fields = FormEncoding.decode(request.body) else { throw TwilioError(nil, message: "The body is no form") }
        guard let message = parts.log.message(id), message.provider == .twilio else { throw TwilioError(20_404) }
        if let status = fields.first(where: { $0.0 == "Status" })?.1 {
            guard status == "canceled" else { throw TwilioError(nil, message: "Status must be canceled") }
            guard message.status == .scheduled || message.status == .accepted else {
                throw TwilioError(30_409, status: .badRequest, message: "The message can not be canceled any more")
            }
            _ = parts.reporter.report(id, .canceled, code: nil)
        } else if let body = fields.first(where: { $0.0 == "Body" })?.1 {
            guard body.isEmpty else { throw TwilioError(nil, message: "Body must be empty") }
            guard message.status.isFinal else { throw TwilioError(20_009) }
            parts.log.change(id) { $0.body = "" }
        }
        return try show(id)
    }

    func delete(_ id: String) throws(TwilioError) -> EmulatorAnswer {
        guard let message = parts.log.message(id), message.provider == .twilio else { throw TwilioError(20_404) }
        guard message.status.isFinal else { throw TwilioError(20_009) }
        parts.log.change(id) { $0.isDeleted = true }
        return EmulatorAnswer(status: .noContent)
    }

    /// The newest first, in pages that continue where the last one ended whatever was added since.
    func list(_ request: EmulatorRequest) throws(TwilioError) -> EmulatorAnswer {
        let filter = try ListFilter(request)
        let size = request.query("PageSize").flatMap(Int.init) ?? 50
        guard (1...1000).contains(size) else { throw TwilioError(nil, message: "PageSize must be a number from 1 to 1000") }
        let page = request.query("Page").flatMap(Int.init).map { min(max($0, 0), 1_000_000) } ?? 0
        var before = Int.max
        if let token = request.query("PageToken") {
            guard token.hasPrefix("PAEM"), let number = Int(token.dropFirst(4)) else {
                throw TwilioError(nil, message: "PageToken is not valid")
            }
            before = number
        }
        let found = parts.log.list(limit: size + 1) { $0.provider == .twilio && $0.number < before && filter.matches($0) }
        let shown = found.prefix(size)
        let base = "/2010-04-01/Accounts/\(account.accountSID)/Messages.json?"
        let kept = request.query.filter { !["Page", "PageToken", "PageSize"].contains($0.name) }.map { ($0.name, $0.value) }
        func uri(_ extra: [(String, String)]) -> String {
            base + String(decoding: FormEncoding.encode(kept + [("PageSize", "\(size)")] + extra), as: UTF8.self)
        }
        let next = found.count > size ? shown.last.map { uri([("Page", "\(page + 1)"), ("PageToken", "PAEM\($0.number)")]) } : nil
        var json = JSONWriter(capacity: 1024 * (shown.count + 1))
        json.object { json in
            json.member("first_page_uri", uri([("Page", "0")]))
            json.member("end", page * size + max(shown.count - 1, 0))
            json.null("previous_page_uri")
            json.array("messages") { json in
                for message in shown { TwilioJSON.write(message, account: account.accountSID, &json) }
            }
            json.member("uri", uri([("Page", "\(page)")]))
            json.member("page_size", size)
            json.member("start", page * size)
            json.member("next_page_uri", next)
            json.member("page", page)
        }
        return .json(.ok, json.bytes)
    }

    /// `To`, `From`, and `DateSent` with or without `<` and `>`; the latter include the day itself.
    private struct ListFilter {
        var to: String?
        var from: String?
        var earliest = Timestamp(milliseconds: .min)
        var latest = Timestamp(milliseconds: .max)

        init(_ request: EmulatorRequest) throws(TwilioError) {
            to = request.query("To")
            from = request.query("From")
            for (name, value) in request.query where name.hasPrefix("DateSent") {
                guard let (first, last) = Self.span(value) else { throw TwilioError(nil, message: "\(name) is no date") }
                if name != "DateSent<" { earliest = max(earliest, first) }
                if name != "DateSent>" { latest = min(latest, last) }
            }
        }

        func matches(_ message: EmulatedMessage) -> Bool {
            // What was not sent yet is dated by its arrival, so that it can be found at all.
            let time = message.sentAt ?? message.createdAt
            return (to == nil || to == message.to) && (from == nil || from == message.from) && earliest <= time && time <= latest
        }

        /// A whole day in GMT, or one moment.
        private static func span(_ text: String) -> (Timestamp, Timestamp)? {
            if let time = Timestamp(rfc3339: text) { return (time, time) }
            guard let start = Timestamp(rfc3339: text + "T00:00:00Z") else { return nil }
            return (start, start.adding(milliseconds: 86_399_999))
        }
    }
}
