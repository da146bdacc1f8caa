import Core
import Crypto
import Storage

/// A message that came in, made safe to keep: bounded, without what no database takes, its keyword and its sender's number read.
struct PreparedReply: Sendable {
    /// Characters (Unicode scalars) of a message that are kept.
    static let longestText = 4_096
    private static let longestID = 200
    private static let mostMedia = 10

    var id: UUIDv7
    var message: InboundMessage
    var providerMessageID: String
    /// Nil where the sender is nobody who could be called.
    var number: PhoneNumber?
    var keyword: StopWords.Match?
    var refusal: RefusalPhrases.Kind?
    /// The content as it is sealed: a JSON object.
    var content: [UInt8]
    var contentCut: Bool
    /// Whose it is and what it answers, where the caller says so.
    var addressed: Addressed?

    struct Addressed: Sendable {
        var owner: NumberOwner
        var communication: CommunicationID?
    }

    init(_ message: InboundMessage, id: UUIDv7, addressed: Addressed? = nil) {
        self.id = id
        self.addressed = addressed
        var message = message
        let (text, cut) = Self.bounded(message.text, Self.longestText)
        message.text = text
        message.payload = message.payload.map { Self.bounded($0, 512).text }
        message.profileName = message.profileName.map { Self.bounded($0, 200).text }
        message.kind = Self.word(message.kind)
        message.provider = Self.word(message.provider)
        message.media = message.media.prefix(Self.mostMedia).map {
            InboundMessage.Media(
                reference: Self.bounded($0.reference, 2_048).text, contentType: $0.contentType.map { Self.bounded($0, 128).text })
        }
        providerMessageID = Self.identifier(message.providerMessageID, else: id)
        number = PhoneNumber(message.from)
        if let number { message.from = number.e164 }
        contentCut = cut
        keyword = Self.keyword(message)
        refusal = keyword == nil ? RefusalPhrases.match(FoldedText(text)) : nil
        content = Self.json(message)
        self.message = message
    }

    /// What Twilio's Advanced Opt-Out says counts for more than the words: its account has keywords of its own.
    private static func keyword(_ message: InboundMessage) -> StopWords.Match? {
        if let handled = message.handledKeyword.flatMap({ ReplyKeyword(rawValue: $0.lowercased()) }) {
            return StopWords.Match(keyword: handled, handledByTwilio: true)
        }
        return StopWords.match(message.text) ?? message.payload.flatMap(StopWords.match)
    }

    /// The first `longest` scalars without U+0000, which no database takes.
    static func bounded(_ text: String, _ longest: Int) -> (text: String, cut: Bool) {
        // Counting bytes first keeps an ordinary message from being walked twice.
        if text.utf8.count <= longest, !text.utf8.contains(0) { return (text, false) }
        let scalars = text.unicodeScalars
        let kept = scalars.prefix(longest)
        var plain = String.UnicodeScalarView()
        plain.append(contentsOf: kept.lazy.filter { $0.value != 0 })
        return (String(plain), kept.endIndex != scalars.endIndex)
    }

    /// A word of a provider's: small letters, digits and underscores; `other` for anything else.
    private static func word(_ text: String) -> String {
        let isWord =
            (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
        return isWord ? text : "other"
    }

    /// The provider's id as a key. What is no printable text of a usual length is known by its digest; without an id nothing can be told
    /// apart, and the message stands for itself.
    private static func identifier(_ text: String, else id: UUIDv7) -> String {
        if text.isEmpty { return "none:\(id)" }
        if text.utf8.count <= longestID, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) { return text }
        return "sha256:" + Hexadecimal.encode(Array(SHA256.hash(data: Array(text.utf8))))
    }

    private static func json(_ message: InboundMessage) -> [UInt8] {
        var json = JSONWriter(capacity: message.text.utf8.count + 256)
        json.object { json in
            json.member("text", message.text)
            json.member("payload", message.payload)
            json.member("profile_name", message.profileName)
            json.array("media") { json in
                for medium in message.media {
                    json.object { json in
                        json.member("reference", medium.reference)
                        json.member("content_type", medium.contentType)
                    }
                }
            }
        }
        return json.bytes
    }
}
