import Core
import HummingbirdCore
import NIOCore

/// Where an export goes while it is read: JSON, or a page of HTML that needs nothing else. Both are written from the same JSON.
struct ExportOutput {
    enum Format: String, Sendable, CaseIterable { case json, html }

    private let format: Format
    private var writer: any ResponseBodyWriter
    private var isFirstMember = true
    private var isFirstItem = true

    init(_ format: Format, to writer: any ResponseBodyWriter) {
        self.format = format
        self.writer = writer
    }

    mutating func begin(title: String) async throws {
        switch format {
        case .json: try await write("{")
        case .html: try await write(ExportPage.beginning(title: title).text)
        }
    }

    /// A value by itself.
    mutating func member(_ name: String, _ json: [UInt8]) async throws {
        switch format {
        case .json: try await write(nextMember(name) + json)
        case .html:
            try await write(ExportPage.section(name, ExportPage.render(try Self.parse(json))).text)
        }
    }

    mutating func beginList(_ name: String) async throws {
        isFirstItem = true
        switch format {
        case .json: try await write(nextMember(name) + Array("[".utf8))
        case .html: try await write(ExportPage.beginningOfList(name).text)
        }
    }

    mutating func item(_ json: [UInt8]) async throws {
        switch format {
        case .json: try await write(isFirstItem ? json : Array(",".utf8) + json)
        case .html: try await write(ExportPage.item(try Self.parse(json)).text)
        }
        isFirstItem = false
    }

    mutating func endList() async throws {
        switch format {
        case .json: try await write("]")
        case .html: try await write((isFirstItem ? ExportPage.nothing : ExportPage.endOfList).text)
        }
    }

    mutating func end() async throws {
        try await write(format == .json ? "}" : ExportPage.end.text)
        try await writer.finish(nil)
    }

    /// It is JSON of ours, around what callers were allowed to hand in: a little deeper and larger than that.
    private static func parse(_ json: [UInt8]) throws(JSONError) -> JSONView {
        try JSONDocument(parsing: json, limits: JSONLimits(maximumDepth: 256, maximumNodes: 4_000_000, maximumBytes: 1 << 30)).root
    }

    private mutating func nextMember(_ name: String) -> [UInt8] {
        defer { isFirstMember = false }
        return Array("\(isFirstMember ? "" : ",")\"\(name)\":".utf8)
    }

    private mutating func write(_ text: String) async throws { try await writer.write(ByteBuffer(string: text)) }
    private mutating func write(_ bytes: [UInt8]) async throws { try await writer.write(ByteBuffer(bytes: bytes)) }
}
