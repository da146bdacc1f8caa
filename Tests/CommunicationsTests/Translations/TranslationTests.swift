import Core
import Testing

@testable import Communications

@Suite("Translations")
struct TranslationTests {
    /// Names as they stand in the file, each with its text.
    private static func lines(_ language: String) -> [(name: String, text: String)] {
        Translation.source(language).split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            line.ranges(of: " = ").first.map { (String(line[..<$0.lowerBound]), String(line[$0.upperBound...])) }
        }
    }

    private static func placeholders(_ text: String) -> [String] { text.matches(of: /\{[a-z]+\}/).map { String($0.0) }.sorted() }

    @Test("every language has every phrase once, and nothing else", arguments: Translation.languages)
    func complete(language: String) {
        #expect(Self.lines(language).map(\.name).sorted() == (Phrase.allCases.map(\.rawValue) + ["version"]).sorted())
        for (name, text) in Self.lines(language) { #expect(!text.isEmpty && !text.hasSuffix(" "), "\(name)") }
    }

    @Test("every translation keeps the placeholders of the English text", arguments: Translation.languages)
    func placeholders(language: String) {
        let english = Dictionary(uniqueKeysWithValues: Self.lines("en"))
        for (name, text) in Self.lines(language) {
            #expect(Self.placeholders(text) == Self.placeholders(english[name] ?? ""), "\(name)")
        }
    }

    @Test("no two languages say the same but for names", arguments: Translation.languages.dropFirst())
    func translated(language: String) {
        let english = Dictionary(uniqueKeysWithValues: Self.lines("en"))
        let same = Self.lines(language).filter { english[$0.name] == $0.text }.map(\.name)
        #expect(Set(same).isSubset(of: ["version", "email", "sms", "whatsapp", "two_ways", "list"]), "\(same)")
    }

    @Test("placeholders are filled in once; what is filled in is left alone")
    func fills() {
        let translation = Translation(language: "en", source: "saved = {a} and {b}, {c} {\nsave=x=y\n# list = no\n")
        #expect(translation.text(.saved, ["a": "{b}", "b": "two"]) == "{b} and two, {c} {")
        #expect(translation.text(.save) == "x=y")
        #expect(translation.text(.list) == "list")
    }

    @Test(
        "the browser's languages are taken in their order of weight",
        arguments: [
            ("de-CH, fr;q=0.8", "de"), ("fr;q=0.8,de", "de"), ("xx, es;q=0.1", "es"), ("en;q=0.5,ar;q=0.51", "ar"), ("de;q=0, hi", "hi"),
            ("*", "en"), ("", "en"), (",;q=,;;", "en"), ("HI-in", "hi"), ("de;q=2,fr", "fr"), ("de;q=0.9999,fr;q=0.1", "fr"),
        ])
    func acceptLanguage(header: String, language: String) {
        #expect(Translation.best(acceptLanguage: header).language == language)
    }

    @Test("a header without end is not read")
    func hostileHeader() {
        #expect(AcceptLanguage.tags(String(repeating: "de,", count: 1_000)) == [])
        #expect(AcceptLanguage.tags(nil) == [])
    }

    @Test("what holds is said in words: channels in order, hours, place")
    func sentence() throws {
        let english = Translation.best(of: ["en"])
        var preferences = Preferences.standard
        preferences.timezone = "America/Argentina/Buenos_Aires"
        #expect(
            PreferencesSentence.text(preferences, reachable: nil, in: english)
                == "We will write to you by e-mail between 08:00 and 22:00, Buenos Aires time.")
        preferences.preferredChannels = [.whatsapp, .sms, .email]
        #expect(
            PreferencesSentence.text(preferences, reachable: nil, in: english).hasPrefix(
                "We will write to you on WhatsApp, then by SMS, then by e-mail between"))
        #expect(
            PreferencesSentence.text(preferences, reachable: .email, in: english).hasPrefix("We will write to you by e-mail between"))
        preferences.quietHoursEnd = preferences.quietHoursStart
        preferences.optOuts = [.whatsapp]
        #expect(
            PreferencesSentence.text(preferences, reachable: nil, in: english)
                == "We will write to you by SMS, then by e-mail at any hour.")
        // What is preferred was stopped: the others are left.
        preferences.preferredChannels = [.whatsapp]
        #expect(PreferencesSentence.ways(preferences, reachable: nil) == [.email, .sms])
        preferences.optOuts = .all
        #expect(PreferencesSentence.text(preferences, reachable: nil, in: english) == "We will not write to you.")
    }
}
