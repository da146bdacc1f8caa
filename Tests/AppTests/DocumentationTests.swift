import Foundation
import Observability
import Testing

@testable import App

@Suite("Documentation")
struct DocumentationTests {
    private var operations: String {
        get throws {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            return try String(contentsOf: root.appending(path: "docs/operations.md"), encoding: .utf8)
        }
    }

    @Test("every setting stands in docs/operations.md with its default and purpose", arguments: Setting.allCases)
    func settings(setting: Setting) throws {
        #expect(try operations.contains("| `\(setting.rawValue)` | \(setting.defaultText) | \(setting.purpose) |\n"))
    }

    @Test("every metric of the product stands in docs/operations.md")
    func metrics() throws {
        let registry = MetricsRegistry()
        let metrics = EngineMetrics(registry: registry)
        metrics.communications["welcome", "email", "sent"].increment()
        metrics.http.route(method: "GET", route: "/").record(status: 200, seconds: 0)
        let text = String(decoding: registry.render(), as: UTF8.self)
        let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        #expect(names.count > 15)
        for name in names { #expect(try operations.contains("`\(name)`"), "\(name)") }
    }
}
