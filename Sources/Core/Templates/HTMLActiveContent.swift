/// What a mail must not contain because a browser would run it: mail programs drop it or take the mail for an attack, and whoever looks
/// at the mail on one of our pages should not depend on the page's content policy alone.
enum HTMLActiveContent {
    /// Elements that run something, load a document into the mail or change what its addresses mean.
    private static let elements = Set(
        [
            "script", "object", "embed", "applet", "iframe", "frame", "frameset", "base", "portal", "animate", "animatemotion",
            "animatetransform", "set", "foreignobject",
        ].map { Array($0.utf8) })
    private static let addresses = Set(
        ["href", "src", "action", "formaction", "data", "xlink:href", "background", "poster"].map { Array($0.utf8) })
    private static let schemes = ["javascript:", "vbscript:", "data:text/", "data:application/"]
        .map { Array($0.utf8) }

    /// What is wrong with the start tag that `scanner` has just read; nil for nothing.
    static func problem(in scanner: HTMLScanner) -> String? {
        let name = scanner.name
        if elements.contains(name) {
            return name.elementsEqual("script".utf8) ? "a mail must not contain scripts" : "a mail must not contain <\(shown(name))>"
        }
        var problem: String?
        scanner.forEachAttribute { attribute, value in
            guard problem == nil else { return }
            if attribute.starts(with: "on".utf8) {
                problem = "a mail must not contain scripts: \"\(shown(attribute))\" would be one"
            } else if attribute.elementsEqual("srcdoc".utf8) {
                problem = "a mail must not contain other documents: \"srcdoc\" would be one"
            } else if attribute.elementsEqual("http-equiv".utf8), word(value).elementsEqual("refresh".utf8) {
                problem = "a mail must not lead away by itself"
            } else if addresses.contains(Array(attribute)) {
                let address = word(value)
                guard let scheme = schemes.first(where: { address.starts(with: $0) }) else { return }
                problem = "an address of a mail must not begin with \"\(String(decoding: scheme, as: UTF8.self))\""
            }
        }
        return problem
    }

    /// As a browser reads it: references resolved, no white space or control characters, lower case.
    private static func word(_ value: ArraySlice<UInt8>) -> [UInt8] {
        var word: [UInt8] = []
        var index = value.startIndex
        while index < value.endIndex {
            let reference = value[index] == UInt8(ascii: "&") ? HTMLEntities.reference(in: value, at: index) : nil
            // What is not ASCII is part of no scheme; any byte stands for it.
            let byte = reference.map { UInt8(exactly: $0.scalar.value) ?? 0xFF } ?? value[index]
            if byte > 0x20, byte != 0x7F { word.append(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte) }
            index += reference?.length ?? 1
        }
        return word
    }

    private static func shown(_ name: some Collection<UInt8>) -> String { String(decoding: name.prefix(40), as: UTF8.self) }
}
