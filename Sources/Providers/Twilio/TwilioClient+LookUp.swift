import Core

extension TwilioClient {
    private static let pageSize = 100
    /// Pages that are looked through; a person who got more messages than that since the attempt is not one.
    private static let mostPages = 5
    /// Twilio writes whole seconds.
    private static let tolerance: Int64 = 2000

    /// Looks whether Twilio has taken a message whose outcome is unknown: one to the same recipient from the same sender with the same text
    /// since `since`. Nil when it has not.
    ///
    /// Both clocks are compared by the answer's `Date`. The list is not filtered by date sent: a message that waits in Twilio's queue has none.
    public func lookUp(_ message: TwilioMessage, since: Timestamp) async throws(ProviderFailure) -> TwilioReceipt? {
        let query = FormEncoding.encode([("To", message.to), ("PageSize", "\(Self.pageSize)")])
        var url = messagesURL + "?" + String(decoding: query, as: UTF8.self)
        for _ in 0..<Self.mostPages {
            let page = try await page(url, message)
            let earliest = since.adding(milliseconds: page.ahead - Self.tolerance)
            var isPast = false
            for entry in page.entries {
                guard let created = entry.created else { continue }
                if created < earliest { isPast = true } else if let receipt = entry.receipt(of: message) { return receipt }
            }
            guard !isPast, let next = page.next else { return nil }
            url = next
        }
        throw ProviderFailure(category: .transient, message: "\(Self.provider): the list of messages has no end", outcomeUnknown: true)
    }

    private struct Page {
        var entries: [Entry]
        /// Milliseconds by which Twilio's clock is ahead of ours.
        var ahead: Int64
        var next: String?
    }

    private struct Entry {
        let view: JSONView

        var created: Timestamp? {
            (view["date_created"]?.string ?? view["date_sent"]?.string).flatMap(InternetDate.parse)
        }

        func receipt(of message: TwilioMessage) -> TwilioReceipt? {
            guard let sid = view["sid"]?.string, ProviderText.isIdentifier(sid), view["to"]?.string == message.to,
                view["direction"]?.string?.hasPrefix("inbound") != true, isFrom(message.sender), holds(message.body)
            else { return nil }
            return TwilioReceipt(message: view, sid: sid, requestID: nil)
        }

        private func isFrom(_ sender: TwilioSender) -> Bool {
            if case .service(let sid) = sender { return view["messaging_service_sid"]?.string == sid }
            guard let from = view["from"]?.string else { return true }
            return from == sender.text
        }

        /// Trial accounts put a sentence in front, and blanks at the ends do not survive everywhere.
        private func holds(_ body: String) -> Bool {
            guard let sent = view["body"]?.string else { return false }
            let (kept, wanted) = (Self.trimmed(sent), Self.trimmed(body))
            return kept == wanted || kept == "Sent from your Twilio trial account - \(wanted)"
        }

        private static func trimmed(_ text: String) -> Substring {
            var text = text[...]
            while text.first?.isWhitespace == true { text.removeFirst() }
            while text.last?.isWhitespace == true { text.removeLast() }
            return text
        }
    }

    private func page(_ url: String, _ message: TwilioMessage) async throws(ProviderFailure) -> Page {
        var response: SafeHTTP.Response
        do {
            response = try await exchange("GET", url, longestAnswer: 4 << 20)
        } catch {
            throw error.unknown
        }
        guard response.status == 200 else {
            throw TwilioAnswer(response, now: clock.now()).failure(recipient: message.to, body: message.body).unknown
        }
        guard let list = try? JSONDocument(parsing: response.body).root, let entries = list["messages"], entries.kind == .array else {
            throw ProviderFailure(
                category: .transient, message: "\(Self.provider): the list of messages can not be read", outcomeUnknown: true)
        }
        let ahead = response.header("Date").flatMap(InternetDate.parse).map { $0.milliseconds - clock.now().milliseconds } ?? 0
        return Page(entries: entries.elements.map(Entry.init), ahead: ahead, next: nextURL(list["next_page_uri"]?.string))
    }

    /// Only ever on the same host.
    private func nextURL(_ path: String?) -> String? {
        guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), let base = try? WebAddress(configuration.url) else { return nil }
        return base.origin + path
    }
}

extension ProviderFailure {
    /// What happened to the look-up says nothing about the message: its outcome stays unknown.
    fileprivate var unknown: ProviderFailure {
        var failure = self
        failure.outcomeUnknown = true
        failure.consequence = nil
        failure.message = "looking up the attempt before: " + message
        return failure
    }
}
