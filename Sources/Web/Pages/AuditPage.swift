import Core
import Providers
import Storage

/// Who changed what, for admins.
struct AuditPage: Sendable {
    let database: Database

    private static let pageSize = 50

    func list(_ call: Call) async throws -> Answer {
        var query = call.query
        let page = query.page()
        let fields = Self.filterFields.map { ($0.name, query.string($0.name)) }
        let filter = AuditAPI.filter(&query)
        let after = query.id(of: page)
        try query.finish()
        let place = LedgerPlace(business: call.business, ledger: .audit)
        let found = try await database.read { tx in try tx.ledgerEntries(place, filter, after: after, limit: Self.pageSize + 1) }
        let shown = Array(found.prefix(Self.pageSize))
        let next = found.count > Self.pageSize ? shown.last.map { Cursor($0.id.description) } : nil
        try await call.noteAccess(.audit, AuditAPI.clients(in: shown, filter))
        let given = fields.compactMap { name, value in value.map { (name, $0) } }
        return Page(
            title: "Audit log", content: Self.content(shown, given, next), viewer: call.viewer, current: .auditPage
        ).answer()
    }

    private static let filterFields: [(name: String, label: String)] = [
        ("actor", "Id of who did it"), ("action", "Action, e.g. client.put"), ("client_id", "Client id"),
    ]

    private static func content(_ entries: [LedgerEntry], _ given: [(String, String)], _ next: Cursor?) -> HTML {
        let inputs = filterFields.map { field -> HTML in
            let value = given.first { $0.0 == field.name }?.1 ?? ""
            return """
                <div><label for="\(field.name)">\(field.label)</label>
                <input id="\(field.name)" name="\(field.name)" value="\(value)" maxlength="200"></div>
                """
        }
        let more: HTML = next.map { "<p class=\"more\"><a href=\"\(address(given + [("cursor", $0.text)]))\">Older entries</a></p>" } ?? ""
        return """
            <h1>Audit log</h1>
            <p>Every change by a person or a key. Entries are chained; <code>rapport audit verify</code> proves that none was altered, and
            <code>GET /api/crm/audit/export</code> takes them out.</p>
            <form class="filters" action="\(Path.auditPage.rawValue)">\(.joined(inputs))<button type="submit">Filter</button></form>
            \(entries.isEmpty ? "<p class=\"empty\">No entry fits.</p>" : table(entries))
            \(more)
            """
    }

    private static func table(_ entries: [LedgerEntry]) -> HTML {
        """
        <div class="table log"><table><thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">Action</th>
        <th scope="col">What</th><th scope="col">From</th><th scope="col">Details</th></tr></thead>
        <tbody>\(.joined(entries.map(row)))</tbody></table></div>
        """
    }

    private static func row(_ entry: LedgerEntry) -> HTML {
        let text = LedgerText(entry)
        return """
            <tr><td><time datetime="\(entry.occurredAt.rfc3339)">\(entry.occurredAt.readable)</time></td>
            <td>\(text.actor) <span class="hint">\(entry.actorKind)</span></td><td>\(entry.action)</td><td class="long">\(text["target"])</td>
            <td>\(text["remote_address"])</td><td><code>\(text.details)</code></td></tr>
            """
    }

    private static func address(_ fields: [(String, String)]) -> String {
        "\(Path.auditPage.rawValue)?\(String(decoding: FormEncoding.encode(fields), as: UTF8.self))"
    }
}
