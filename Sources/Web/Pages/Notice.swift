import Core

/// A line above a page's content that says what became of a form.
enum Notice: Sendable {
    case done(String)
    case failed(String)

    var html: HTML {
        switch self {
        case .done(let text): "<p class=\"done\" role=\"status\">\(text)</p>"
        case .failed(let text): "<p class=\"error\" role=\"alert\">\(text)</p>"
        }
    }
}

extension Timestamp {
    /// `2026-11-21 08:02 UTC`, for people; with the exact time for programs.
    var html: HTML {
        let text = rfc3339
        return "<time datetime=\"\(text)\">\(String(text.prefix(10))) \(String(text.dropFirst(11).prefix(5))) UTC</time>"
    }
}

extension Role {
    /// For people.
    var title: String {
        switch self {
        case .admin: "Admin"
        case .agent: "Agent"
        case .viewer: "Viewer"
        }
    }

    /// A choice of roles in a form.
    static func options(selected: Role) -> HTML {
        .joined(
            allCases.map { role -> HTML in
                let mark: HTML = role == selected ? " selected" : ""
                return "<option value=\"\(role.rawValue)\"\(mark)>\(role.title)</option>"
            })
    }
}
