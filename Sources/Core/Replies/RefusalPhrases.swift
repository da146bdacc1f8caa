/// Plain words with which people say no, or that they are not who we take them for. No machine acts on them: they bring a person to look.
public enum RefusalPhrases {
    /// What the words seem to say.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// They seem to want no more messages.
        case refusal
        /// The number seems to belong to somebody else.
        case wrongNumber = "wrong_number"
    }

    /// Nil for what holds no such words.
    public static func match(_ text: FoldedText) -> Kind? {
        if wrongNumber.contains(where: text.contains) { return .wrongNumber }
        if refusals.contains(where: text.contains) { return .refusal }
        // `STOP please`, `Stop stop`, `STOP` above a signature: no keyword, for more stands there, but meant as one.
        return text.words.first.map(StopWords.isPlainStop) == true ? .refusal : nil
    }

    private static func phrases(_ lines: [String]) -> [[String]] {
        lines.map { $0.split(separator: " ").map(String.init) }
    }

    /// Folded as ``FoldedText`` does.
    private static let wrongNumber = phrases([
        "wrong number", "wrong person", "not my number", "you have the wrong", "falsche nummer", "falsche person", "mauvais numero",
        "faux numero", "numero equivocado", "numero errado", "numero sbagliato",
    ])

    private static let refusals = phrases([
        "please stop", "pls stop", "stop texting", "stop messaging", "stop writing", "stop sending", "stop contacting", "stop calling",
        "stop this", "stop it", "stop the messages", "stop promotions", "stop bothering", "leave me alone", "dont contact",
        "do not contact",
        "dont text", "do not text", "dont message", "do not message", "dont write", "do not write", "dont call", "do not call",
        "no more messages", "no more texts", "remove me", "take me off", "unsubscribe me", "opt me out", "i never signed up",
        "never contact me", "this is spam", "quit texting",
        "lass mich in ruhe", "lassen sie mich in ruhe", "lasst mich in ruhe", "keine nachrichten mehr", "keine sms mehr",
        "nicht mehr schreiben", "nicht mehr anschreiben", "nicht mehr kontaktieren", "schreiben sie mir nicht", "hor auf", "hort auf",
        "horen sie auf", "hoer auf", "hoeren sie auf", "bitte aufhoren", "bitte stoppen", "meine nummer loschen",
        "laissez moi tranquille", "laisse moi tranquille", "ne me contactez plus", "ne mecrivez plus", "ne mecris plus", "arretez de",
        "arrete de", "plus de messages", "plus de sms", "fichez moi la paix",
        "dejame en paz", "dejenme en paz", "no me contacten", "no me contactes", "no me escriban", "no me escribas", "no mas mensajes",
        "dejen de", "deja de escribir", "deixe me em paz", "pare de mandar", "nao me mande",
    ])
}
