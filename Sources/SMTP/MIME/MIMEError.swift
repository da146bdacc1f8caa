/// Why a part of a message was refused.
public enum MIMEError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A line break, NUL or another control character where it could start a new header.
    case controlCharacter(in: String)
    /// Not a header name of RFC 5322, 2.2, or one that `MIMEMessage` writes itself.
    case invalidHeaderName(String)
    /// A word too long for a line of 998 octets.
    case headerTooLong(String)
    case invalidMessageID
    case invalidContentType
    case invalidContentID

    public var description: String {
        switch self {
        case .controlCharacter(let place): "\(place) contains a line break or another control character"
        case .invalidHeaderName(let name): "\(PrintableText.make(name.utf8)) is not a header name that can be set"
        case .headerTooLong(let name): "the value of \(name) has a word longer than a line may be"
        case .invalidMessageID: "a message id has the form <left@right> in ASCII without spaces"
        case .invalidContentType: "the content type is not of the form type/subtype, or is a multipart or message type"
        case .invalidContentID: "a content id has the form left@right in ASCII without spaces"
        }
    }

    static func checkNoControls(_ text: String, in place: String) throws(MIMEError) {
        guard !text.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else { throw .controlCharacter(in: place) }
        // NEL and the Unicode separators are line breaks to some readers.
        guard !text.unicodeScalars.contains(where: { $0 == "\u{85}" || $0 == "\u{2028}" || $0 == "\u{2029}" }) else {
            throw .controlCharacter(in: place)
        }
    }
}
