import Core
import HTTPTypes
import Storage

/// Messages that sandbox channels kept instead of sending them.
struct SandboxPage: Sendable {
    let database: Database
    let cipher: Cipher

    private static let pageSize = 50

    func list(_ call: Call) async throws -> Answer {
        var query = call.query
        let channel = query.oneOf("channel", as: Channel.self)
        let page = query.page()
        let after = query.id(of: page)
        try query.finish()
        let business = call.business
        let messages = try await database.read { tx in
            try tx.sandboxMessages(business: business, channel: channel, after: after, limit: Self.pageSize + 1)
        }
        let shown = Array(messages.prefix(Self.pageSize))
        let rows = try shown.map { stored in
            var message = stored
            let recipient = try message.unreadable.opened("recipient") { try self.recipient(of: stored, business) }
            message.unreadable.report(to: call.logger)
            return Self.row(message, recipient: recipient ?? "somebody")
        }
        try await noteAccess(call, shown)
        let next = messages.count > Self.pageSize ? shown.last.map { Self.address(channel, Cursor($0.id.description)) } : nil
        return Page(title: "Sandbox", content: Self.content(rows, channel: channel, next: next), viewer: call.viewer, current: .sandbox)
            .answer()
    }

    func show(_ call: Call) async throws -> Answer {
        let message = try await message(call)
        try await noteAccess(call, [message])
        let content = Self.message(message, recipient: try recipient(of: message, call.business))
        return Page(title: message.subject ?? "Message", content: content, viewer: call.viewer).answer()
    }

    /// The e-mail's own HTML, for the frame: no scripts, no forms, nothing from the network but images.
    func html(_ call: Call) async throws -> Answer {
        let message = try await message(call)
        guard let html = message.html else { throw Refusal.notFound }
        try await noteAccess(call, [message])
        let policy =
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src https: data:; "
            + "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        return Answer(status: .ok, body: Array(html.utf8), contentType: MediaType.html, headers: Page.headers(policy: policy))
    }

    private func noteAccess(_ call: Call, _ messages: [SandboxMessage]) async throws {
        let (ids, business) = (messages.map(\.communication), call.business)
        try await call.noteAccess(.sandbox, try await database.read { tx in try tx.owners(of: ids, business: business) })
    }

    private func message(_ call: Call) async throws -> SandboxMessage {
        let (id, business) = (try call.id("message_id"), call.business)
        guard let message = try await database.read({ tx in try tx.sandboxMessage(id, business: business) }) else { throw Refusal.notFound }
        return message
    }

    private func recipient(of message: SandboxMessage, _ business: BusinessID) throws -> String {
        try cipher.open(message.recipient, .sandboxRecipient(business, message.id))
    }
}

extension SandboxPage {
    private static func address(_ channel: Channel?, _ cursor: Cursor? = nil) -> String {
        let parts = [channel.map { "channel=\($0.rawValue)" }, cursor.map { "cursor=\($0.text)" }].compactMap { $0 }
        return parts.isEmpty ? Path.sandbox.rawValue : "\(Path.sandbox.rawValue)?\(parts.joined(separator: "&"))"
    }

    private static let notice: HTML = """
        <p class="notice"><strong>Sandbox.</strong> These messages were not sent to anyone. A channel keeps its messages here until its
        provider is configured.</p>
        """

    private static func content(_ rows: [HTML], channel: Channel?, next: String?) -> HTML {
        let filters = [(nil, "All")] + Channel.allCases.map { (Optional($0), $0.title) }
        let tabs = filters.map { filter -> HTML in
            let current: HTML = filter.0 == channel ? " aria-current=\"page\"" : ""
            return "<a href=\"\(address(filter.0))\"\(current)>\(filter.1)</a>"
        }
        let empty: HTML = """
            <p class="empty">Nothing here yet. Send a message with <code>POST /api/crm/communications</code> and it appears.</p>
            """
        let more: HTML = next.map { "<p class=\"more\"><a href=\"\($0)\">Older messages</a></p>" } ?? ""
        return """
            <h1>Sandbox</h1>
            \(notice)
            <nav class="tabs" aria-label="Channel">\(.joined(tabs))</nav>
            \(rows.isEmpty ? empty : "<ul class=\"messages\">\(.joined(rows))</ul>")
            \(more)
            """
    }

    private static func row(_ message: SandboxMessage, recipient: String) -> HTML {
        let damage: HTML =
            message.unreadable.isEmpty
            ? "" : " <span class=\"badge warn\">cannot be read: \(message.unreadable.names.joined(separator: ", "))</span>"
        return """
            <li><a href="\(link(message))">
            <span class="badge \(message.channel.rawValue)">\(message.channel.title)</span>
            <span class="subject">\(message.subject ?? excerpt(message.text))</span>
            <span class="to">to \(recipient)\(damage)</span>
            <time datetime="\(message.createdAt.rfc3339)">\(message.createdAt.readable)</time>
            </a></li>
            """
    }

    private static func message(_ message: SandboxMessage, recipient: String) -> HTML {
        let subject: HTML = message.subject.map { "<h1>\($0)</h1>" } ?? "<h1>\(message.channel.title) message</h1>"
        let html: HTML =
            message.html == nil
            ? ""
            : """
            <h2>HTML</h2>
            <iframe class="mail" sandbox="allow-popups allow-popups-to-escape-sandbox" title="The e-mail as its reader shows it"
            src="\(link(message))/html"></iframe>
            """
        let text: HTML = message.text.map { "<h2>Text</h2>\n<pre class=\"text\">\($0)</pre>" } ?? ""
        return """
            <p><a href="\(Path.sandbox.rawValue)">← All messages</a></p>
            \(subject)
            \(notice)
            <dl class="facts">
            <div><dt>Channel</dt><dd><span class="badge \(message.channel.rawValue)">\(message.channel.title)</span></dd></div>
            <div><dt>To</dt><dd>\(recipient)</dd></div>
            <div><dt>From</dt><dd>\(message.sender)</dd></div>
            <div><dt>Kept at</dt><dd><time datetime="\(message.createdAt.rfc3339)">\(message.createdAt.readable)</time></dd></div>
            \(facts(message))
            <div><dt>Communication</dt><dd><code>\(message.communication.description)</code></dd></div>
            </dl>
            \(html)
            \(text)
            """
    }

    /// WhatsApp: in which form it would have gone, and whether a real account would have taken it.
    private static func facts(_ message: SandboxMessage) -> HTML {
        let form: HTML = message.form.map { "<div><dt>Form</dt><dd>\($0)</dd></div>" } ?? ""
        let note: HTML = message.note.map { "<div><dt>A real account</dt><dd>would not have taken it: \($0)</dd></div>" } ?? ""
        return "\(form)\(note)"
    }

    private static func link(_ message: SandboxMessage) -> String {
        Path.sandboxMessage.rawValue.replacing("{message_id}", with: message.id.description)
    }

    private static func excerpt(_ text: String?) -> String {
        let line = (text ?? "").split(separator: "\n").first.map(String.init) ?? "(empty)"
        return line.count > 90 ? "\(line.prefix(89))…" : line
    }
}

extension Channel {
    /// For people.
    var title: String {
        switch self {
        case .email: "E-mail"
        case .sms: "SMS"
        case .whatsapp: "WhatsApp"
        }
    }
}
