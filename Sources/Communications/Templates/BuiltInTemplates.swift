import CAssets
import Core

/// The source of one template as it is written and stored.
public struct TemplateSource: Sendable, Hashable {
    public var subject: String?
    public var content: String
    public var text: String?

    public init(subject: String?, content: String, text: String?) {
        self.subject = subject
        self.content = content
        self.text = text
    }
}

/// The templates that travel inside the binary.
public enum BuiltInTemplates {
    /// Names of all built-in templates of a channel, without partials and the frame of batches.
    public static func names(_ channel: Channel) -> [String] {
        paths.filter { $0.hasPrefix("templates/\(channel.rawValue)/") && !$0.contains("/partials/") }
            .compactMap { path in
                let file = path.dropFirst("templates/\(channel.rawValue)/".count)
                let parts = file.split(separator: ".")
                let isMain = parts.count == 3 && parts[1] == (channel == .email ? "html" : "txt")
                return isMain && parts[0] != "batch" ? String(parts[0]) : nil
            }
            .sorted()
    }

    /// The languages in which a built-in template exists; English stands for files without a language.
    public static func languages(_ channel: Channel, _ name: String) -> [String] {
        let prefix = "templates/\(channel.rawValue)/\(name)."
        let suffix = channel == .email ? "html.mustache" : "txt.mustache"
        return paths.compactMap { path -> String? in
            guard path.hasPrefix(prefix), path.hasSuffix(suffix) else { return nil }
            let middle = path.dropFirst(prefix.count).dropLast(suffix.count)
            return middle.isEmpty ? "en" : String(middle.dropLast())
        }.sorted()
    }

    /// Nil when there is none in exactly that language.
    public static func source(_ channel: Channel, _ name: String, language: String) -> TemplateSource? {
        let stem = "templates/\(channel.rawValue)/\(name)\(language == "en" ? "" : ".\(language)")"
        if channel == .email {
            guard let html = file("\(stem).html.mustache") else { return nil }
            return TemplateSource(subject: file("\(stem).subject.mustache"), content: html, text: file("\(stem).txt.mustache"))
        }
        return file("\(stem).txt.mustache").map { TemplateSource(subject: nil, content: $0, text: nil) }
    }

    /// A piece that templates share, in the form that fits: HTML pieces for HTML, text pieces for text.
    public static func partial(_ name: String, language: String, html: Bool) -> String? {
        let form = html ? "html" : "txt"
        let stem = "templates/email/partials/\(name)"
        return (language == "en" ? nil : file("\(stem).\(language).\(form).mustache")) ?? file("\(stem).\(form).mustache")
    }

    private static let paths: [String] = {
        let all = UnsafeBufferPointer(start: cassets_all(), count: cassets_count())
        return all.map { String(cString: $0.path) }
    }()

    private static func file(_ path: String) -> String? {
        guard let asset = cassets_find(path) else { return nil }
        return String(decoding: UnsafeBufferPointer(start: asset.pointee.bytes, count: asset.pointee.length), as: UTF8.self)
    }
}
