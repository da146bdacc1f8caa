import Core

/// Stands in for a one-time code when the phone is lost; each is good once.
public enum RecoveryCode {
    public static let count = 10

    /// Ten new ones, each with 50 random bits, as `ABCDE-FGHIJ`.
    public static func make() -> [String] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in
            let letters = Base32.encode((0..<7).map { _ in UInt8.random(in: .min ... .max, using: &generator) }).uppercased()
            return "\(letters.prefix(5))-\(letters.dropFirst(5).prefix(5))"
        }
    }

    /// Short codes need the key of this store: a copy of the table alone guesses nothing.
    static func hash(_ code: String, of user: UUIDv7, _ cipher: Cipher) -> [UInt8] {
        cipher.authenticationCode(of: "\(user) \(normalised(code))".utf8, purpose: "recovery code")
    }

    /// As people type them: in any case, with or without the hyphen.
    static func normalised(_ code: String) -> String {
        code.uppercased().filter { $0 != "-" && $0 != " " }
    }

    /// Whether it has the form of one, or else is a one-time code.
    static func isForm(_ code: String) -> Bool { normalised(code).utf8.count == 10 }
}
