import Core

/// Reads files that travel inside a request.
enum AttachmentFields {
    /// Decoded, each and all together.
    static let largest = 25 << 20
    static let most = 50

    /// The `attachments` member.
    static func read(_ body: inout FieldReader) -> [AttachmentUpload] {
        var room = largest
        return body.objects("attachments", maxCount: most) { file in
            let filename = file.requiredConvert("filename", maxLength: 255, placeholder: "", checkFilename)
            let contentType = file.requiredConvert("content_type", maxLength: 255, placeholder: "", checkContentType)
            if let link = file.convert("link", maxLength: 2_048, checkLink) {
                if file.value("content_base64").map({ !$0.isNull }) == true { file.fail("link", "must not stand beside content_base64") }
                return AttachmentUpload(filename: filename, contentType: contentType, link: link)
            }
            if file.value("link").map({ !$0.isNull }) == true, file.value("content_base64") == nil { return nil }
            let content = content(&file, room: room)
            room -= content.count
            return AttachmentUpload(filename: filename, contentType: contentType, content: content)
        } ?? []
    }

    private static func content(_ file: inout FieldReader, room: Int) -> [UInt8] {
        let key = "content_base64"
        guard let view = file.value(key), !view.isNull else {
            file.fail(key, "is required, or link")
            return []
        }
        guard var text = view.string else {
            file.fail(key, "must be a string")
            return []
        }
        // Looked at before decoding: three bytes for four characters.
        guard text.utf8.count / 4 * 3 <= room + 2, let bytes = text.withUTF8(Base64.decode) else {
            file.fail(key, text.utf8.count / 4 * 3 > room + 2 ? tooLarge : "must be base64 with padding (RFC 4648, section 4)")
            return []
        }
        guard bytes.count <= room else {
            file.fail(key, tooLarge)
            return []
        }
        return bytes
    }

    private static let tooLarge = "attachments may have 25 MiB together"

    /// An `https` address in the letters that addresses consist of (RFC 3986), without a user's name or password.
    ///
    /// We never ask for it ourselves: it is handed to WhatsApp and to the reader.
    private static func checkLink(_ text: String) throws(FieldMessage) -> String {
        let rule = FieldMessage("must be an address that begins with https://")
        guard text.lowercased().hasPrefix("https://"), text.utf8.allSatisfy(isAddressByte) else { throw rule }
        let authority = text.dropFirst("https://".count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let first = authority.first, first != ":" else { throw rule }
        guard !authority.contains("@") else { throw FieldMessage("must not hold a user name") }
        return text
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(byte)
        }
    }

    /// A name, never a path.
    private static func checkFilename(_ text: String) throws(FieldMessage) -> String {
        guard !text.unicodeScalars.contains(where: { $0 == "/" || $0 == "\\" }) else { throw FieldMessage("must not contain / or \\") }
        guard text != ".", text != "..", !text.unicodeScalars.allSatisfy(\.properties.isWhitespace) else {
            throw FieldMessage("must be the name of a file")
        }
        guard text.utf8.count <= 255 else { throw FieldMessage("must have at most 255 bytes") }
        return text
    }

    /// `type/subtype` (RFC 6838, section 4.2), with parameters or without.
    private static func checkContentType(_ text: String) throws(FieldMessage) -> String {
        let parts = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts[0].trimmed.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy(isRestrictedName), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw FieldMessage("must be a media type, for example application/pdf")
        }
        // A file that is a message of its own would let its sender write our structure.
        guard !["multipart", "message"].contains(names[0].lowercased()) else {
            throw FieldMessage("must not be a multipart or message type")
        }
        return text
    }

    private static func isRestrictedName(_ name: Substring) -> Bool {
        guard (1...127).contains(name.utf8.count) else { return false }
        return name.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "-"), UInt8(ascii: "^"),
                UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "+"):
                index > 0
            default: false
            }
        }
    }
}
