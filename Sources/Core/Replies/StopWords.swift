/// What a message that consists of one keyword asks for; the raw values are stored and shown.
public enum ReplyKeyword: String, Sendable, Hashable, CaseIterable {
    /// No messages on this channel any more.
    case stop
    /// Messages again.
    case start
    /// Who is this, and how can they be reached?
    case help
}

/// The keywords that carriers and the law demand (CTIA, TCPA), and what people write instead in other languages.
///
/// A keyword is the whole message, whatever its case, accents, punctuation and spaces. It wins over every other meaning: CANCEL is an
/// opt-out even where a booking could be meant. YES is never an opt-in, since it also confirms.
public enum StopWords {
    /// A keyword, and who answers it.
    public struct Match: Sendable, Hashable {
        public var keyword: ReplyKeyword
        /// Twilio acts on exactly this message by itself: it blocks or unblocks the number and sends a confirmation of its own.
        public var handledByTwilio: Bool

        public init(keyword: ReplyKeyword, handledByTwilio: Bool) {
            self.keyword = keyword
            self.handledByTwilio = handledByTwilio
        }
    }

    /// Nil when the message is anything but a keyword.
    public static func match(_ text: String) -> Match? {
        // No keyword is longer, however generously it is spaced: a long message is not folded for nothing.
        guard text.utf8.count <= 256 else { return nil }
        guard let keyword = words[FoldedText(text).compact] else { return nil }
        return Match(keyword: keyword, handledByTwilio: handledByTwilio.contains(exact(text)))
    }

    /// Whether a folded word asks for an end wherever it stands first; not so `end`, `cancel` or `quit`, which begin other sentences too.
    static func isPlainStop(_ word: String) -> Bool {
        plainStops.contains(word)
    }

    private static let plainStops: Set<String> = [
        "stop", "stopall", "stopsms", "unsubscribe", "optout", "arret", "desabonner", "desinscrire", "stopp", "abmelden", "abbestellen",
        "afmelden", "darmedebaja", "descadastrar", "cancellami",
    ]

    private static let words: [String: ReplyKeyword] = {
        var words: [String: ReplyKeyword] = [:]
        for word in stopping { words[word] = .stop }
        for word in ["start", "unstop"] { words[word] = .start }
        for word in ["help", "info", "aide", "hilfe", "ayuda", "ajuda", "aiuto"] { words[word] = .help }
        return words
    }()

    /// Folded and without spaces.
    private static let stopping = [
        "stop", "stopall", "stopsms", "unsubscribe", "unsubscribeme", "cancel", "end", "quit", "revoke", "optout", "optmeout",
        "arret", "arreter", "desabonner", "desabonnement", "desinscrire", "desinscription",
        "stopp", "stoppen", "abmelden", "abbestellen", "austragen",
        "baja", "darmedebaja", "cancelar", "parar", "detener", "sair", "descadastrar", "cancellami", "annulla", "afmelden",
    ]

    /// The default keywords of Twilio's long codes: the whole message, in any case, but letter by letter.
    private static let handledByTwilio: Set<String> = [
        "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "START", "UNSTOP", "HELP", "INFO",
    ]

    private static func exact(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return String(scalars).uppercased()
    }
}
