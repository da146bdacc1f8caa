import CAssets
import Foundation
import Testing

@Suite("Embedded assets")
struct EmbeddedAssetsTests {
    private static let sources = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/CAssets", directoryHint: .isDirectory)

    private static var embedded: [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for asset in UnsafeBufferPointer(start: cassets_all(), count: cassets_count()) {
            files[String(cString: asset.path)] = Array(UnsafeBufferPointer(start: asset.bytes, count: asset.length))
        }
        return files
    }

    @Test("every file on the list is embedded once, byte for byte as it is in the source tree")
    func bytesArrive() throws {
        let embedded = Self.embedded
        #expect(embedded.count == cassets_count(), "a path is listed twice")
        for (path, bytes) in embedded {
            let onDisk = try Data(contentsOf: Self.sources.appending(path: path))
            #expect(bytes == Array(onDisk), "\(path) differs from its file")
        }
    }

    @Test("every file of these folders is on the list")
    func listIsComplete() throws {
        let embedded = Self.embedded
        for folder in ["openapi", "pages", "templates", "translations"] {
            let root = Self.sources.appending(path: folder, directoryHint: .isDirectory)
            guard FileManager.default.fileExists(atPath: root.path) else { continue }
            for file in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
                let name = file.split(separator: "/").last ?? ""
                guard name.contains("."), !name.hasPrefix(".") else { continue }
                #expect(embedded["\(folder)/\(file)"] != nil, "\(folder)/\(file) is missing in assets.c")
            }
        }
    }

    @Test("a file is found by its exact path and an unknown path finds nothing")
    func findsByPath() throws {
        let asset = try #require(cassets_find("templates/email/welcome.html.mustache"))
        #expect(asset.pointee.length > 0)
        #expect(asset.pointee.bytes[asset.pointee.length] == 0)
        #expect(cassets_find("templates/email/welcome") == nil)
        #expect(cassets_find("") == nil)
    }
}
