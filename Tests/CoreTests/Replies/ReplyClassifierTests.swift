import Testing

@testable import Core

@Suite("What replies mean")
struct ReplyClassifierTests {
    private static func meaning(_ text: String, payload: String? = nil, type: String? = nil, _ patterns: [ReplyPattern] = []) -> String? {
        ReplyClassifier.classify(text: text, payload: payload, messageType: type, patterns: patterns)
            .map { meaning in meaning.action.name + (meaning.value.map { ":\($0)" } ?? "") }
    }

    @Test(
        "selections are known by their number, confirmations and refusals by their words",
        arguments: [
            ("2", "select:2"), ("#2", "select:2"), ("2.", "select:2"), ("Option 2", "select:2"), ("option2", "select:2"),
            ("OPTION #3!", "select:3"), ("I'll take 4", "select:4"), ("Number 12", "select:12"), ("2️⃣", "select:2"), ("02", "select:2"),
            ("٣", "select:3"), ("Ich nehme 2", "select:2"), ("opción 3", "select:3"), ("je choisis 1", "select:1"),
            ("Yes", "confirm"), ("yes!", "confirm"), ("OK", "confirm"), ("Confirm", "confirm"), ("Ja", "confirm"), ("Oui", "confirm"),
            ("sí", "confirm"), ("D'accord", "confirm"), ("👍", "confirm"), ("Yes 👍", "confirm"), ("bestätigt", "confirm"),
            ("no", "decline"), ("No, thank you", "decline"), ("NEIN", "decline"), ("👎", "decline"),
        ])
    func builtIn(text: String, expected: String) {
        #expect(Self.meaning(text) == expected)
    }

    @Test(
        "anything else means nothing by itself",
        arguments: [
            "", " ", "maybe", "2 or 3", "at 10:30", "yes but not 2", "99999", "call me at 5 pm please", "no idea", "\u{0}", "🙂",
            String(repeating: "2 ", count: 50_000), "select:2 or 3, I'm not sure",
        ])
    func nothing(text: String) {
        #expect(Self.meaning(text) == nil)
    }

    @Test("a button's payload says it plainly, one's own names included")
    func payloads() {
        #expect(Self.meaning("Take it", payload: "select:2") == "select:2")
        #expect(Self.meaning("", payload: "select:premium-plan") == "select:premium-plan")
        #expect(Self.meaning("Whatever", payload: "confirm") == "confirm")
        #expect(Self.meaning("Whatever", payload: "decline") == "decline")
        #expect(Self.meaning("Later", payload: "postpone:7 days") == "postpone:7 days")
        // A label as payload is read as words; the text stands in where it says nothing.
        #expect(Self.meaning("Option 3", payload: "Yes") == "confirm")
        #expect(Self.meaning("Option 3", payload: "button-17") == "select:3")
        #expect(Self.meaning("", payload: "select:") == "select")
        #expect(Self.meaning("", payload: "select:a\nb\u{0}") == "select:ab")
        #expect(Self.meaning("", payload: String(repeating: "a", count: 600) + ":1") == nil)
    }

    @Test("a business's patterns come first, those of the message type before the general ones")
    func ownPatterns() throws {
        let callBack = try #require(ReplyAction("call_back"))
        let general = try #require(ReplyPattern("yes", action: callBack))
        let special = try #require(ReplyPattern("yes", messageType: "vendor_options", action: .select, value: "recommended"))
        let words = try #require(ReplyPattern("* premium *", action: .select, value: "premium"))
        let patterns = [general, special, words]
        #expect(Self.meaning("yes", type: "vendor_options", patterns) == "select:recommended")
        #expect(Self.meaning("yes", type: "budget_summary", patterns) == "call_back")
        #expect(Self.meaning("yes", type: nil, patterns) == "call_back")
        #expect(Self.meaning("I'd like the Premium one, thanks", patterns) == "select:premium")
        #expect(Self.meaning("premium", patterns) == "select:premium")
        #expect(Self.meaning("ok", patterns) == "confirm")
    }

    @Test("`*` stands for any words or none, `{number}` for one number")
    func patternLanguage() throws {
        let pattern = try #require(ReplyPattern("table for {number} *", action: .select))
        #expect(pattern.meaning(of: FoldedText("Table for 12"))?.value == "12")
        #expect(pattern.meaning(of: FoldedText("table for 2 on Friday"))?.value == "2")
        #expect(pattern.meaning(of: FoldedText("table for two")) == nil)
        #expect(pattern.meaning(of: FoldedText("a table for 2")) == nil)
        let anywhere = try #require(ReplyPattern("* number {number} *", action: .select))
        #expect(anywhere.meaning(of: FoldedText("number one or number number 7 please"))?.value == "7")
    }

    @Test(
        "patterns that say nothing or too much are refused",
        arguments: [
            "", " ", "*", "* *", "…", "{number} {number}", "{word}", "a{number}", "pre*", String(repeating: "a ", count: 33),
            String(repeating: "a", count: 201),
        ])
    func refused(source: String) {
        #expect(ReplyPattern(source, action: .confirm) == nil)
        #expect(ReplyPattern.check(source) != nil)
    }

    @Test("hostile texts against hostile patterns take bounded work")
    func bounded() throws {
        // What makes a backtracking matcher take exponential time.
        let pattern = try #require(ReplyPattern(String(repeating: "* a ", count: 15) + "b", action: .confirm))
        let text = FoldedText(String(repeating: "a ", count: 1_000_000))
        #expect(text.words.count <= FoldedText.mostWords)
        #expect(pattern.meaning(of: text) == nil)
        #expect(FoldedText(String(repeating: "\u{301}", count: 1_000_000)).words.isEmpty)
    }

    @Test(
        "names of actions are words",
        arguments: [("select", true), ("call_back2", true), ("", false), ("2nd", false), ("A", false), ("a-b", false)])
    func actionNames(name: String, valid: Bool) {
        #expect((ReplyAction(name) != nil) == valid)
    }
}
