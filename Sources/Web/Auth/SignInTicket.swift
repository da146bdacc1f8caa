import Core
import Storage

/// Says that its holder knew the password a moment ago. Nothing is stored: the account's version ends it with the password.
struct SignInTicket: Sendable, Hashable {
    /// As long as it takes to find the phone.
    static let lifetimeSeconds: Int64 = 300

    let user: UUIDv7
    let credentialsVersion: Int
    let expiresAt: Timestamp

    init(user: User, at now: Timestamp) {
        self.user = user.id
        credentialsVersion = user.credentialsVersion
        expiresAt = now.adding(seconds: Self.lifetimeSeconds)
    }

    /// Nil for a text that is not ours or too old.
    init?(_ text: String, _ cipher: Cipher, at now: Timestamp) {
        guard let parts = Cursor(text: text, count: 4)?.parts, let user = UUIDv7(parts[0]), let version = Int(parts[1]),
            let expiresAt = Int64(parts[2])
        else { return nil }
        self.user = user
        credentialsVersion = version
        self.expiresAt = Timestamp(milliseconds: expiresAt)
        guard SecretText.equal(parts[3], signature(cipher)), now < self.expiresAt else { return nil }
    }

    func text(_ cipher: Cipher) -> String {
        Cursor(user.description, String(credentialsVersion), String(expiresAt.milliseconds), signature(cipher)).text
    }

    private func signature(_ cipher: Cipher) -> String {
        let message = "\(user) \(credentialsVersion) \(expiresAt.milliseconds)"
        return Base64.encode(url: cipher.authenticationCode(of: message.utf8, purpose: "sign-in ticket"))
    }
}

/// Comparison of texts that nobody may guess byte by byte.
enum SecretText {
    /// Takes the same time for all texts of one length.
    static func equal(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
