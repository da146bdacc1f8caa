import Core
import Storage

/// What a client agreed to, refused and changed, newest first.
enum ConsentHistoryTable {
    static func html(_ entries: [LedgerEntry]) -> HTML {
        guard !entries.isEmpty else { return "<p class=\"empty\">No decision of this client is known.</p>" }
        return """
            <div class="table log"><table><thead><tr><th scope="col">Time</th><th scope="col">Decision</th><th scope="col">About</th>
            <th scope="col">Channel</th><th scope="col">By way of</th><th scope="col">Who</th><th scope="col">What</th></tr></thead>
            <tbody>\(.joined(entries.map(row)))</tbody></table></div>
            """
    }

    private static func row(_ entry: LedgerEntry) -> HTML {
        let text = LedgerText(entry)
        let changes = text.changes
        let what: HTML = changes.isEmpty ? "\(text["wording"])" : .joined(changes.map { "<div>\($0)</div>" })
        return """
            <tr><td><time datetime="\(entry.occurredAt.rfc3339)">\(entry.occurredAt.readable)</time></td><td>\(entry.action)</td>
            <td>\(text["purpose"])</td><td>\(Channel(rawValue: text["channel"])?.title ?? "all")</td><td>\(text["source"])</td>
            <td>\(text.actor)</td><td class="long">\(what)</td></tr>
            """
    }
}

/// What a ledger entry says, for people.
struct LedgerText: Sendable {
    private let entry: LedgerEntry
    private let content: JSONView?

    init(_ entry: LedgerEntry) {
        self.entry = entry
        // What does not parse is damaged, and is shown as having no content.
        content = entry.payload.flatMap { try? JSONDocument(parsing: $0) }?.root
    }

    /// Empty where the entry does not say.
    subscript(name: String) -> String { content?[name]?.string ?? "" }

    var actor: String { content?["actor_name"]?.string ?? entry.actorID ?? content?["actor_id"]?.string ?? entry.actorKind }

    /// "timezone: Europe/Berlin → Europe/Paris", one for each setting that changed; what the details say otherwise as it stands.
    var changes: [String] {
        guard entry.state == .whole, let details = content?["details"], details.kind == .object else {
            return [details].filter { !$0.isEmpty }
        }
        return details.members.map { member in
            let name = member.key.replacing("_", with: " ")
            let values = member.value.elements.map { $0.string ?? "none" }
            return values.isEmpty
                ? "\(name): \(String(decoding: member.value.rawBytes, as: UTF8.self))" : "\(name): \(values.joined(separator: " → "))"
        }
    }

    var details: String {
        switch entry.state {
        case .whole: content?["details"].map { String(decoding: $0.rawBytes, as: UTF8.self) } ?? ""
        case .erased: "erased"
        case .damaged: "damaged: run rapport audit verify"
        }
    }
}
