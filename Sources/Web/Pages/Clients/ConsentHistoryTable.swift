import Core
import Storage

/// What a client agreed to, refused and changed, newest first.
enum ConsentHistoryTable {
    static func html(_ entries: [ConsentHistoryEntry]) -> HTML {
        guard !entries.isEmpty else { return "<p class=\"empty\">No decision of this client is known.</p>" }
        let rows = entries.map { entry -> HTML in
            """
            <tr><td><time datetime="\(entry.at.rfc3339)">\(entry.at.readable)</time></td><td>\(entry.decision)</td><td>\(entry.purpose)</td>
            <td>\(entry.channel?.title ?? "every channel")</td><td>\(entry.way)</td><td>\(entry.actor.name ?? entry.actor.id)</td></tr>
            """
        }
        return """
            <div class="table"><table><thead><tr><th scope="col">Time</th><th scope="col">Decision</th><th scope="col">About</th>
            <th scope="col">Channel</th><th scope="col">By way of</th><th scope="col">Who</th></tr></thead>
            <tbody>\(.joined(rows))</tbody></table></div>
            """
    }
}
