/// What a password must be: long, and nothing that is tried first. No rules on kinds of characters (NIST SP 800-63B, section 3.1.1).
public enum PasswordRule {
    public static let shortest = 12
    public static let longest = 200

    /// What is wrong in a few words, nil when nothing is.
    ///
    /// - Parameter email: of the account; a password that is made of it is tried first.
    public static func check(_ password: String, email: String) -> String? {
        let length = password.unicodeScalars.count
        if length < shortest { return "must have at least \(shortest) characters" }
        if length > longest { return "must have at most \(longest) characters" }
        if password.unicodeScalars.contains(where: { $0.value == 0 }) { return "must not contain U+0000" }
        let folded = password.lowercased()
        let mailbox = email.lowercased().prefix { $0 != "@" }
        if folded == email.lowercased()
            || mailbox.utf8.count >= 4 && folded.utf8.count <= mailbox.utf8.count + 6 && folded.contains(mailbox)
        {
            return "must not be made of the e-mail address"
        }
        if Set(folded.unicodeScalars).count < 4 { return "must have more than three different characters" }
        if common.contains(where: { folded.hasPrefix($0) && folded.utf8.count <= $0.utf8.count + 4 }) {
            return "is one of those that are tried first"
        }
        return nil
    }

    /// Beginnings of the most frequent ones of this length in published lists.
    private static let common = [
        "password1234", "passwordpassword", "123456789012", "1234567890", "qwertyuiop", "qwerty123456", "1q2w3e4r5t6y", "iloveyou1234",
        "administrator", "letmein12345", "welcome12345", "abcdefghijkl", "abc123456789", "asdfghjkl", "qazwsxedcrfv", "zaq12wsxcde3",
        "changeme1234", "trustno1trust", "passw0rd1234", "p@ssw0rd1234", "rapport12345",
    ]
}
