import Testing

@testable import Core

@Suite("Keywords in replies")
struct StopWordsTests {
    @Test(
        "a stop word is the whole message, whatever its case, accents, punctuation and spaces",
        arguments: [
            "STOP", "stop", "Stop.", " s t o p ", "STOP!!!", "«Stop»", "STOPALL", "stop all", "Unsubscribe", "CANCEL", "end", "QUIT",
            "revoke", "OPTOUT", "opt out", "Opt-Out", "ARRET", "arrêt", "ARRE\u{302}T", "stopp", "Abmelden", "BAJA", "cancelar",
            "désabonner", "ＳＴＯＰ", "st\u{200B}op", "\u{202E}STOP", "stop 🛑", "STOP\n", "𝐒𝐓𝐎𝐏", "𝓼𝓽𝓸𝓹",
            "𝚂𝚃𝙾𝙿",
        ])
    func stop(text: String) {
        #expect(StopWords.match(text)?.keyword == .stop)
    }

    @Test("START and UNSTOP ask for messages again", arguments: ["START", "start", "Unstop", "start."])
    func start(text: String) {
        #expect(StopWords.match(text)?.keyword == .start)
    }

    @Test("help is asked for in several languages", arguments: ["HELP", "help?", "INFO", "aide", "Hilfe!", "ayuda"])
    func help(text: String) {
        #expect(StopWords.match(text)?.keyword == .help)
    }

    @Test(
        "a sentence is no keyword, and YES is no opt-in",
        arguments: [
            "", " ", "…", "yes", "YES", "ja", "stop please", "please stop", "don't stop", "nonstop", "the end", "can you help me",
            "cancel my booking", "started", "0", String(repeating: "stop ", count: 100_000),
        ])
    func nothing(text: String) {
        #expect(StopWords.match(text) == nil)
    }

    @Test("Twilio acts on its own keywords alone, letter by letter")
    func handledByTwilio() {
        for text in ["STOP", "stop", " Stop\n", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "START", "HELP"] {
            #expect(StopWords.match(text)?.handledByTwilio == true, "\(text)")
        }
        for text in ["STOP!", "stop all", "opt-out", "ARRET", "stopp", "abmelden", "BAJA", "AIDE", "HILFE"] {
            #expect(StopWords.match(text)?.handledByTwilio == false, "\(text)")
        }
    }

    @Test(
        "plain words of refusal are seen, in several languages",
        arguments: [
            ("Please stop texting me", RefusalPhrases.Kind.refusal), ("LEAVE ME ALONE!!", .refusal), ("don’t contact me again", .refusal),
            ("Do not message me any more", .refusal), ("Lassen Sie mich in Ruhe", .refusal), ("Hören Sie auf!", .refusal),
            ("laissez-moi tranquille", .refusal), ("Ne m'écrivez plus", .refusal), ("Déjame en paz", .refusal),
            ("Sorry, wrong number", .wrongNumber), ("Falsche Nummer", .wrongNumber), ("mauvais numéro", .wrongNumber),
            ("Número equivocado", .wrongNumber), ("STOP please", .refusal), ("Stop stop!!", .refusal),
            ("STOP\r\n\r\nSent from my phone", .refusal), ("Unsubscribe now", .refusal), ("Arrêt immédiat", .refusal),
        ])
    func refusals(text: String, kind: RefusalPhrases.Kind) {
        #expect(RefusalPhrases.match(FoldedText(text)) == kind)
        #expect(StopWords.match(text) == nil)
    }

    @Test(
        "ordinary answers are no refusals",
        arguments: [
            "", "Option 2", "Yes, please", "The bus stops here", "Can you contact me tomorrow?", "Do not worry", "non", "2",
            "Cancel my booking", "End of May",
        ])
    func noRefusals(text: String) {
        #expect(RefusalPhrases.match(FoldedText(text)) == nil)
    }

    @Test("answers to keywords come in the person's language and name nobody whom they should not")
    func answers() {
        #expect(KeywordAnswer.stopped(business: "Bloom", language: "en-GB").hasPrefix("Bloom: you are unsubscribed"))
        #expect(
            KeywordAnswer.stopped(business: nil, language: "de")
                == "Sie sind abgemeldet und erhalten keine Nachrichten mehr. Mit START melden Sie sich wieder an.")
        #expect(KeywordAnswer.started(business: "Bloom", language: "fr-CA").contains("STOP"))
        #expect(
            KeywordAnswer.help(business: "Bloom", contact: "help@bloom.example", language: "es")
                == "Bloom: para obtener ayuda, contáctenos en help@bloom.example. Responda STOP para darse de baja.")
        #expect(
            KeywordAnswer.help(business: "Bloom", contact: "", language: "xx")
                == "Bloom: for help contact us. Reply STOP to get no more messages.")
        for language in ["en", "de", "fr", "es"] {
            // START is the one word that opts in, in every language.
            #expect(KeywordAnswer.stopped(business: "B", language: language).contains("START"))
            #expect(KeywordAnswer.help(business: "B", contact: "c@example.org", language: language).contains("c@example.org"))
        }
    }
}
