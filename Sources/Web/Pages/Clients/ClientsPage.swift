import Core
import Providers
import Storage

/// The people a business looks after, for those who look after them.
struct ClientsPage: Sendable {
    let database: Database
    let cipher: Cipher

    private static let pageSize = 50

    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page(cursorParts: 2)
        let words = query.string("q")
        let tag = query.string("tag", maxLength: ClientFields.longestTag)
        let after = ClientSearch.Position(page, &query)
        try query.finish()
        let vault = ClientVault(cipher: cipher, business: business)
        let search = ClientSearch(words: words.map(vault.words), tag: tag, after: after)
        let found = try await database.read { tx in try tx.clients(search, business: business, limit: Self.pageSize + 1) }
        let shown = try vault.openListed(found.prefix(Self.pageSize), call.logger)
        try await call.noteAccess(.list, shown.map(\.client.id))
        let last = shown.last?.client
        let next = found.count > Self.pageSize ? last.map { Cursor("\($0.createdAt.milliseconds)", $0.id.text) } : nil
        return Page(
            title: "Clients", content: Self.content(shown, words: words, tag: tag, next: next), viewer: call.viewer, current: .clientsPage
        ).answer()
    }

    private static func content(_ clients: [ListedClient], words: String?, tag: String?, next: Cursor?) -> HTML {
        let isSearch = words != nil || tag != nil
        let empty: HTML =
            isSearch
            ? "<p class=\"empty\">Nobody fits. <a href=\"\(Path.clientsPage.rawValue)\">Show everybody</a></p>"
            : """
            <p class="empty">Nobody here yet. Clients come with <code>PUT /api/crm/clients/{client_id}</code>, with an import, or with the first
            message to them.</p>
            """
        let more: HTML = next.map { "<p class=\"more\"><a href=\"\(address(words, tag, $0))\">Older clients</a></p>" } ?? ""
        let filter: HTML =
            tag.map { "<p>With the tag <strong>\($0)</strong>. <a href=\"\(address(words, nil, nil))\">All tags</a></p>" } ?? ""
        return """
            <h1>Clients</h1>
            <form class="search" role="search" action="\(Path.clientsPage.rawValue)">
            <label for="q">Name, id, e-mail address or phone number</label>
            <div><input id="q" name="q" type="search" value="\(words ?? "")" maxlength="200"><button type="submit">Search</button></div>
            </form>
            \(filter)
            \(clients.isEmpty ? empty : "<ul class=\"messages clients\">\(.joined(clients.map(row)))</ul>")
            \(more)
            """
    }

    private static func row(_ listed: ListedClient) -> HTML {
        let client = listed.client
        let damage: HTML =
            listed.unreadable.isEmpty
            ? "" : " <span class=\"badge warn\">cannot be read: \(listed.unreadable.names.joined(separator: ", "))</span>"
        let reach = [client.email, client.phoneNumber].compactMap(\.self).joined(separator: " · ")
        return """
            <li><a href="\(ClientPage.address(client.id))">
            <span class="subject">\(client.name ?? client.id.text)</span>
            <span class="to">\(client.id.text)</span>
            <span class="to">\(reach.isEmpty ? "no address" : reach)\(damage)</span>
            </a></li>
            """
    }

    private static func address(_ words: String?, _ tag: String?, _ cursor: Cursor?) -> String {
        let fields = [("q", words), ("tag", tag), ("cursor", cursor?.text)].compactMap { name, value in value.map { (name, $0) } }
        let query = String(decoding: FormEncoding.encode(fields), as: UTF8.self)
        return query.isEmpty ? Path.clientsPage.rawValue : "\(Path.clientsPage.rawValue)?\(query)"
    }
}
