import Core
import Crypto
import HTTPTypes

/// A person's data for people to read: one file of HTML with nothing in it that runs, and nothing that it has to fetch.
enum ExportPage {
    /// Its own few lines of style, named by their hash, and nothing else. Downloads of the files inside it stay possible.
    static let policy =
        "default-src 'none'; style-src 'sha256-\(Base64.encode(Array(SHA256.hash(data: Array(style.utf8)))))'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'; sandbox allow-downloads"

    /// For the file itself, where no header goes along; `sandbox` and `frame-ancestors` mean nothing there.
    private static let policyInside = policy.split(separator: ";").filter { !$0.contains("sandbox") && !$0.contains("ancestors") }
        .joined(separator: ";")

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}
        h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem;border-bottom:2px solid #2f6f4f}
        dl{display:grid;grid-template-columns:minmax(9rem,14rem) 1fr;gap:.2rem 1rem;margin:.5rem 0}
        dt{color:#555}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
        article{border:1px solid #ccc;border-radius:.4rem;padding:.5rem 1rem;margin:.8rem 0}
        .none{color:#666}ul{margin:0;padding-left:1.2rem}
        @media print{body{margin:0;max-width:none}article{break-inside:avoid}}
        """

    static func beginning(title: String) -> HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="\(policyInside)">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="no-referrer">
        <title>\(title)</title>
        <style>\(css)</style>
        </head>
        <body>
        <main>
        <h1>\(title)</h1>

        """
    }

    private static let css = HTML(stringLiteral: style)
    static let end: HTML = "</main>\n</body>\n</html>\n"
    static let nothing: HTML = "<p class=\"none\">Nothing is held.</p>\n</section>\n"
    static let endOfList: HTML = "</section>\n"

    static func section(_ name: String, _ content: HTML) -> HTML {
        "<section><h2>\(label(name))</h2>\n\(content)\n</section>\n"
    }

    static func beginningOfList(_ name: String) -> HTML {
        "<section><h2>\(label(name))</h2>\n"
    }

    static func item(_ value: JSONView) -> HTML {
        "<article>\(render(value))</article>\n"
    }

    /// Any JSON, as deep as the parser admits.
    static func render(_ value: JSONView) -> HTML {
        switch value.kind {
        case .null: return "<span class=\"none\">–</span>"
        case .bool: return value.bool == true ? "yes" : "no"
        case .string: return "\(value.string ?? "")"
        case .number: return "\(String(decoding: value.rawBytes, as: UTF8.self))"
        case .array:
            guard value.count > 0 else { return "<span class=\"none\">–</span>" }
            return "<ul>\(.joined(value.elements.map { "<li>\(render($0))</li>" }))</ul>"
        case .object:
            if let file = file(value) { return file }
            guard value.count > 0 else { return "<span class=\"none\">–</span>" }
            return "<dl>\(.joined(value.members.map { "<dt>\(label($0.key))</dt><dd>\(render($0.value))</dd>" }))</dl>"
        }
    }

    /// A file is a link that saves it, never one that shows it: whatever its type says, it opens in no browser.
    private static func file(_ value: JSONView) -> HTML? {
        guard let name = value["filename"]?.string else { return nil }
        let type = value["content_type"]?.string ?? ""
        if let content = value["content_base64"]?.string {
            return "<a download=\"\(name)\" href=\"data:application/octet-stream;base64,\(content)\">\(name)</a> (\(type))"
        }
        guard let link = value["link"]?.string else { return nil }
        guard link.hasPrefix("https://") || link.hasPrefix("http://") else { return "\(name) (\(type)): \(link)" }
        return "<a rel=\"noreferrer noopener\" href=\"\(link)\">\(name)</a> (\(type))"
    }

    /// `provider_message_id` as `Provider message id`.
    private static func label(_ name: String) -> String {
        let words = name.replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}
