import Foundation
import TestSupport
import Testing

/// The server as it is shipped, in a browser as people use it: what no test of an answer's text sees.
@Suite("Pages in a browser")
struct PageJourneyTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The program beside the tests, so that it is the one built with them.
    private static var program: URL {
        let beside = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "rapport")
        if let beside, FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return root.appending(path: ".build/debug/rapport")
    }

    @Test("staff, clients and new users reach what they came for on pages that everybody can read and work")
    func journeys() async throws {
        let script = Self.root.appending(path: "scripts/page-journeys").path
        let child = try ShellChild("exec python3 \"$1\" --binary \"$2\" 2>&1", [script, Self.program.path])
        var (held, end) = (0, "")
        for await line in child.lines {
            if line.hasPrefix("finished") {
                end = line
                break
            }
            if line.hasPrefix("ok ") { held += 1 } else { Issue.record("\(line)") }
        }
        #expect(end.hasSuffix(", 0 failed"), "\(end.isEmpty ? "the journeys ended without a word" : end)")
        // Fewer would mean that journeys were left out.
        #expect(held > 150)
    }
}
