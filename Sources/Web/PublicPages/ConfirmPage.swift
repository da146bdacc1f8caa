import Communications
import Core
import HTTPTypes
import Storage

/// `/d/{token}`: what a client is asked to confirm, and the button that confirms it.
struct ConfirmPage: Sendable {
    private let access: LinkAccess
    private let desk: ConsentDesk

    init(_ parts: WebParts, _ access: LinkAccess) {
        self.access = access
        desk = parts.consent
    }

    /// Changes nothing: programs that look into every link of a mail must not agree to anything.
    func show(_ incoming: Incoming) async throws -> Answer {
        try await access.answer(incoming) {
            try await visit(incoming) { visit in
                guard let pending = try await desk.pending(visit.link) else { return over(visit) }
                return pending.isConfirmed ? confirmed(visit) : question(visit, pending)
            }
        }
    }

    func confirm(_ incoming: Incoming) async throws -> Answer {
        try await access.answer(incoming) {
            try await visit(incoming) { visit in
                let source = visit.source(.confirmation, incoming, page: "confirm")
                guard let pending = try await desk.confirm(visit.link, source: source, audit: visit.audit("consent.confirm", incoming)),
                    pending.isConfirmed
                else { return over(visit) }
                return confirmed(visit)
            }
        }
    }

    private func visit(_ incoming: Incoming, _ handler: (LinkVisit) async throws -> Answer) async throws -> Answer {
        switch try await access.open(incoming, .confirm) {
        case .open(let visit): return try await handler(visit)
        case .expired(let visit): return over(visit)
        case .void: return access.unknown(incoming)
        }
    }

    private func question(_ visit: LinkVisit, _ pending: PendingOptIn) -> Answer {
        let t = visit.translation
        let wording: HTML = pending.wording.map { "<blockquote><bdi>\($0)</bdi></blockquote>" } ?? ""
        let question = t.text(.confirmQuestion, ["way": t.text(.way(pending.channel)), "business": visit.business.name])
        return visit.page(
            .confirmTitle,
            """
            <h1>\(t.text(.confirmTitle))</h1>
            <p>\(question)</p>
            \(wording)
            <form method="post"><button type="submit">\(t.text(.confirmButton))</button></form>
            <p>\(t.text(.confirmNot))</p>
            """
        ).answer()
    }

    private func confirmed(_ visit: LinkVisit) -> Answer {
        let t = visit.translation
        let text = t.text(.confirmedText, ["way": t.text(.way(visit.channel)), "business": visit.business.name])
        return visit.page(
            .confirmedTitle,
            """
            <h1>\(t.text(.confirmedTitle))</h1>
            <p role="status">\(text)</p>
            <p><a class="more" href="\(access.preferencesURL(visit))">\(t.text(.toPreferences))</a></p>
            """
        ).answer()
    }

    /// Too old, replaced, or taken back since.
    private func over(_ visit: LinkVisit) -> Answer {
        let t = visit.translation
        return visit.page(
            .expiredTitle,
            """
            <h1>\(t.text(.expiredTitle))</h1>
            <p>\(t.text(.confirmOver, ["business": visit.business.name]))</p>
            """
        ).answer(.gone)
    }
}
