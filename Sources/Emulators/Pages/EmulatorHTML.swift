import Core

/// The pages' content.
enum EmulatorHTML {
    static func document(title: String, _ content: HTML) -> HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title) · Rapport emulator</title>
        <link rel="stylesheet" href="/\(EmulatorStyle.path)">
        </head>
        <body>
        <header class="top">
        <a class="brand" href="/">Rapport emulator</a>
        <nav>
        <a href="/">Messages</a>
        <a href="/_emulator/templates">Templates</a>
        <a href="/_emulator/counters">Counters</a>
        </nav>
        </header>
        <main>
        \(content)
        </main>
        </body>
        </html>

        """
    }

    private static let notice: HTML = """
        <p class="notice"><strong>Emulator.</strong> This stands in for Twilio and WhatsApp. Nothing here reaches anybody, and everything
        is forgotten when the program ends.</p>
        """

    // MARK: List

    static func list(
        _ messages: [EmulatedMessage], provider: EmulatedProvider?, counters: EmulatorCounters, configuration: EmulatorConfiguration
    ) -> HTML {
        let filters: [(EmulatedProvider?, String)] = [(nil, "All"), (.twilio, "SMS"), (.whatsapp, "WhatsApp")]
        let tabs = filters.map { filter -> HTML in
            let current: HTML = filter.0 == provider ? " aria-current=\"page\"" : ""
            return "<a href=\"\(filter.0.map { "/?channel=\($0.rawValue)" } ?? "/")\"\(current)>\(filter.1)</a>"
        }
        let empty: HTML = """
            <p class="empty">Nothing here yet. Send an SMS or a WhatsApp message and it appears.</p>
            """
        let rows: HTML = messages.isEmpty ? empty : "<ul class=\"messages emulated\">\(.joined(messages.map(row)))</ul>"
        return """
            <h1>Messages</h1>
            \(notice)
            \(facts(counters))
            <nav class="tabs" aria-label="Channel">\(.joined(tabs))</nav>
            \(rows)
            \(writeForm(configuration))
            \(behaviourForm)
            <form class="forget" method="post" action="/reset"><button class="quiet" type="submit">Forget all messages</button></form>
            """
    }

    private static func facts(_ counters: EmulatorCounters) -> HTML {
        func both(_ values: [EmulatedProvider: Int]) -> String { "\(values[.twilio] ?? 0) SMS, \(values[.whatsapp] ?? 0) WhatsApp" }
        let callbacks = "\(counters.callbacks) answered, \(counters.callbackFailures) failed, \(counters.callbacksOpen) open"
        return """
            <dl class="facts">
            <div><dt>Asked to send</dt><dd>\(both(counters.sends))</dd></div>
            <div><dt>Taken</dt><dd>\(both(counters.taken))</dd></div>
            <div><dt>Refused</dt><dd>\(both(counters.refused))</dd></div>
            <div><dt>Callbacks</dt><dd>\(callbacks)</dd></div>
            </dl>
            """
    }

    private static func row(_ message: EmulatedMessage) -> HTML {
        """
        <li><a href="\(link(message.id))">
        <span class="badge \(badge(message.provider))">\(title(message.provider))</span>
        <span class="subject">\(excerpt(message))</span>
        <span class="to">\(route(message))</span>
        \(status(message))
        <time datetime="\(message.createdAt.rfc3339)">\(clock(message.createdAt))</time>
        </a></li>
        """
    }

    private static func writeForm(_ configuration: EmulatorConfiguration) -> HTML {
        guard configuration.callbackURL != nil else {
            return """
                <h2>Write as a person</h2>
                <p>Start the emulator with <code>--callback http://…</code>, the address of the server, and people can write to it.</p>
                """
        }
        return """
            <h2>Write as a person</h2>
            <form method="post" action="/reply">
            <div class="fields">
            <div><label for="provider">Channel</label>
            <select id="provider" name="provider">\(channelOptions)</select></div>
            <div><label for="from">From</label><input id="from" name="from" required placeholder="+15551234567"></div>
            <div class="wide"><label for="text">Text</label><textarea id="text" name="text" rows="2" required></textarea></div>
            </div>
            <button type="submit">Send</button>
            </form>
            """
    }

    private static let channelOptions: HTML = "<option value=\"twilio\">SMS</option><option value=\"whatsapp\">WhatsApp</option>"

    private static let behaviourForm: HTML = {
        let options = Behaviour.plain.map { plain -> HTML in "<option>\(plain.name)</option>" }
        return """
            <h2>What becomes of messages</h2>
            <form method="post" action="/behaviour">
            <div class="fields">
            <div><label for="whose">Channel</label>
            <select id="whose" name="provider"><option value="">both</option>\(channelOptions)</select></div>
            <div><label for="behaviour">From now on</label><select id="behaviour" name="behaviour">\(.joined(options))</select></div>
            </div>
            <button type="submit">Set</button>
            </form>
            """
    }()

    // MARK: One message

    static func message(_ message: EmulatedMessage) -> HTML {
        let history = message.passages.map { passage -> HTML in
            "<li>\(passage.status.rawValue) <time datetime=\"\(passage.at.rfc3339)\">\(clock(passage.at))</time></li>"
        }
        return """
            <p><a href="/">← All messages</a></p>
            <h1>\(title(message.provider)) \(route(message))</h1>
            \(notice)
            <dl class="facts">
            <div><dt>Status</dt><dd>\(status(message))</dd></div>
            <div><dt>From</dt><dd>\(message.from)</dd></div>
            <div><dt>To</dt><dd>\(message.to)</dd></div>
            <div><dt>Kind</dt><dd>\(message.kind)\(message.template.map { " · \($0)" } ?? "")</dd></div>
            <div><dt>Id</dt><dd><code>\(message.id)</code></dd></div>
            \(fact("Error", message.errorCode.map { "\($0)" }))
            \(fact("Callback", message.callbackURL))
            \(fact("Reference", message.reference))
            \(fact("Attached", message.media.isEmpty ? nil : message.media.joined(separator: ", ")))
            </dl>
            <pre class="text">\(message.body)</pre>
            \(message.direction == .outbound ? actions(message) : "")
            <h2>History</h2>
            <ol class="history">\(.joined(history))</ol>
            \(message.direction == .inbound ? "" : replyForm(message))
            \(request(message))
            """
    }

    private static func actions(_ message: EmulatedMessage) -> HTML {
        let statuses: [(MessageStatus, String, String)] =
            message.provider == .twilio
            ? [
                (.sent, "", "sent"), (.delivered, "", "delivered"), (.undelivered, "30003", "undelivered (30003)"),
                (.failed, "30008", "failed (30008)"),
            ]
            : [(.sent, "", "sent"), (.delivered, "", "delivered"), (.read, "", "read"), (.failed, "131026", "failed (131026)")]
        let forms = statuses.map { status, code, label -> HTML in
            """
            <form method="post" action="/report"><input type="hidden" name="message" value="\(message.id)">\
            <input type="hidden" name="status" value="\(status.rawValue)"><input type="hidden" name="code" value="\(code)">\
            <button class="quiet" type="submit">\(label)</button></form>
            """
        }
        return "<div class=\"actions\"><span>Report as</span>\(.joined(forms))</div>"
    }

    private static func replyForm(_ message: EmulatedMessage) -> HTML {
        let button: HTML =
            message.provider == .whatsapp
            ? """
            <div><label for="payload">Payload of the button, if one is pressed</label><input id="payload" name="payload"></div>
            <input type="hidden" name="replies_to" value="\(message.id)">
            """ : ""
        return """
            <h2>Reply as the person</h2>
            <form method="post" action="/reply">
            <input type="hidden" name="provider" value="\(message.provider.rawValue)">
            <input type="hidden" name="from" value="\(message.to)">
            <input type="hidden" name="to" value="\(message.from)">
            <label for="text">Text</label><textarea id="text" name="text" rows="2" required></textarea>
            \(button)
            <button type="submit">Send</button>
            </form>
            """
    }

    private static func request(_ message: EmulatedMessage) -> HTML {
        guard !message.request.isEmpty else { return "" }
        let text = String(decoding: message.request.prefix(20_000), as: UTF8.self)
        return "<h2>Request</h2>\n<pre class=\"text\">\(text)</pre>"
    }

    static func outcome(_ outcome: ReplyOutcome, from person: String) -> HTML {
        let answers = outcome.answers.map { answer -> HTML in "<pre class=\"text\">\(answer)</pre>" }
        let status: HTML =
            outcome.status.map { "<p>The server answered <strong>\("\($0)")</strong>.</p>" }
            ?? "<p class=\"error\" role=\"alert\">No answer: \(outcome.fault ?? "unknown")</p>"
        return """
            <h1>Message from \(person)</h1>
            \(status)
            \(answers.isEmpty ? "" : "<h2>Answered to the person</h2>")
            \(.joined(answers))
            <p><a href="\(link(outcome.id))">The message</a> · <a href="/">All messages</a></p>
            """
    }

    // MARK: Pieces

    private static func fact(_ name: String, _ value: String?) -> HTML {
        value.map { "<div><dt>\(name)</dt><dd>\($0)</dd></div>" } ?? ""
    }

    private static func status(_ message: EmulatedMessage) -> HTML {
        "<span class=\"status \(message.status.rawValue)\">\(message.status.rawValue)\(message.errorCode.map { " \($0)" } ?? "")</span>"
    }

    private static func badge(_ provider: EmulatedProvider) -> String { provider == .twilio ? "sms" : "whatsapp" }

    private static func title(_ provider: EmulatedProvider) -> String { provider == .twilio ? "SMS" : "WhatsApp" }

    private static func route(_ message: EmulatedMessage) -> String {
        message.direction == .inbound ? "from \(message.from)" : "to \(message.to)"
    }

    private static func link(_ id: String) -> String { "/messages/\(id)" }

    private static func excerpt(_ message: EmulatedMessage) -> String {
        let text = message.body.isEmpty ? message.media.first ?? message.template ?? "(empty)" : message.body
        let line = text.split(separator: "\n").first.map(String.init) ?? "(empty)"
        return line.count > 90 ? "\(line.prefix(89))…" : line
    }

    /// `08:02:13 UTC`.
    private static func clock(_ time: Timestamp) -> String { "\(time.rfc3339.dropFirst(11).prefix(8)) UTC" }
}
