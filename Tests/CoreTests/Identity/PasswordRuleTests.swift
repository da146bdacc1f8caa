import Core
import Testing

@Suite("What a password must be")
struct PasswordRuleTests {
    @Test(
        "long ones are taken, of whatever characters",
        arguments: ["correct horse battery", "            a b c", "Grüße aus Köln!", "🦊🐢🐙🐬🦉🐌🐝🐞🐠🐡🐢🐣"])
    func good(password: String) {
        #expect(PasswordRule.check(password, email: "ada@example.org") == nil)
    }

    @Test(
        "short, long, uniform, common ones and those made of the address are not",
        arguments: [
            "", "elevenchars", "aaaaaaaaaaaaaaaa", "abababababababab", "Password1234", "123456789012", "ADA.lovelace@example.org",
            "ada.lovelace1!", "qwertyuiop12", String(repeating: "xy1 ", count: 51), "null\u{0}byte in it",
        ])
    func bad(password: String) {
        #expect(PasswordRule.check(password, email: "ada.lovelace@example.org") != nil)
    }
}
