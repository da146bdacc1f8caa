/// Reads a mapping from a request, or from where it was stored.
public enum WhatsAppMappingFields {
    static let longestSource = 4_096
    static let mostParameters = 60

    private enum HeaderType: String, CaseIterable { case text, document, image }
    private enum ButtonType: String, CaseIterable {
        case url
        case quickReply = "quick_reply"
    }

    /// The members `template`, `language`, `header`, `body` and `buttons`; what is wrong is noted on `body`.
    public static func read(_ body: inout FieldReader) -> WhatsAppContent.Template {
        let name = body.requiredConvert("template", maxLength: 512, placeholder: "", checkName)
        let language = body.requiredConvert("language", maxLength: 15, placeholder: "", checkLanguage)
        let header = body.object("header") { header in self.header(&header) }
        let parameters = parameters(&body)
        let buttons = body.objects("buttons", maxCount: 10) { button in self.button(&button) } ?? []
        let places = buttons.map(\.index)
        if Set(places).count < places.count { body.fail("buttons", "must not name the same index twice") }
        return WhatsAppContent.Template(name: name, language: language, header: header, body: parameters, buttons: buttons)
    }

    private static func header(_ header: inout FieldReader) -> WhatsAppContent.Header? {
        switch header.requiredOneOf("type", placeholder: HeaderType.document) {
        case .document: return .document
        case .image: return .image
        case .text:
            let name = header.convert("name", maxLength: 64, checkParameterName)
            return .text(WhatsAppContent.Parameter(name: name, text: header.requiredString("text", maxLength: longestSource)))
        }
    }

    /// Texts for positional parameters, or objects with `name` and `text` for named ones.
    private static func parameters(_ body: inout FieldReader) -> [WhatsAppContent.Parameter] {
        guard let elements = body.elements("body", maxCount: mostParameters) else { return [] }
        guard elements.contains(where: { $0.kind == .object }) else {
            let texts = body.strings("body", maxCount: mostParameters, maxLength: longestSource) ?? []
            return texts.map { WhatsAppContent.Parameter(text: $0) }
        }
        let parameters = body.objects("body", maxCount: mostParameters) { parameter in
            WhatsAppContent.Parameter(
                name: parameter.requiredConvert("name", maxLength: 64, placeholder: "", checkParameterName),
                text: parameter.requiredString("text", maxLength: longestSource))
        }
        let names = (parameters ?? []).compactMap(\.name)
        if Set(names).count < names.count { body.fail("body", "must not give the same name twice") }
        return parameters ?? []
    }

    private static func button(_ button: inout FieldReader) -> WhatsAppContent.Button? {
        let type = button.requiredOneOf("type", placeholder: ButtonType.url)
        let index = Int(button.requiredInt("index", in: 0...9))
        switch type {
        case .url: return .url(index: index, suffix: button.requiredString("suffix", maxLength: longestSource))
        case .quickReply: return .quickReply(index: index, payload: button.requiredString("payload", maxLength: longestSource))
        }
    }

    private static func checkName(_ text: String) throws(FieldMessage) -> String {
        guard text.utf8.allSatisfy({ isSmallLetterOrDigit($0) }) else {
            throw FieldMessage("must consist of small letters, digits and _, as WhatsApp names templates")
        }
        return text
    }

    private static func checkParameterName(_ text: String) throws(FieldMessage) -> String {
        guard text.utf8.allSatisfy({ isSmallLetterOrDigit($0) }) else {
            throw FieldMessage("must consist of small letters, digits and _")
        }
        return text
    }

    /// `de`, `en_US`, `zh_HK`.
    private static func checkLanguage(_ text: String) throws(FieldMessage) -> String {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        let isWellFormed =
            (1...2).contains(parts.count) && (2...3).contains(parts[0].utf8.count)
            && parts[0].utf8.allSatisfy { (0x61...0x7A).contains($0) }
            && parts.dropFirst().allSatisfy { region in
                (2...4).contains(region.utf8.count) && region.utf8.allSatisfy { (0x30...0x39).contains($0) || isLetter($0) }
            }
        guard isWellFormed else { throw FieldMessage("must be a language as WhatsApp writes it, for example en_US or de") }
        return text
    }

    private static func isSmallLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

extension WhatsAppContent.Button {
    /// The button's place in the template, from 0.
    public var index: Int {
        switch self {
        case .quickReply(let index, _), .url(let index, _): index
        }
    }
}
