import Core
import HTTPTypes

/// `/.well-known/security.txt` (RFC 9116): whom to tell of a weakness.
public struct SecurityText: Sendable {
    let clock: WallClock
    let baseURL: String
    /// As ``contact(_:)`` gives it; nil: the operator has not said, and there is no such file.
    let contact: String?

    /// It must say when it is out of date; whoever reads it gets a fresh one.
    private static let validDays: Int64 = 180

    func show(_: Incoming) async throws -> Answer {
        guard let contact else { throw Refusal.notFound }
        let day = clock.now().milliseconds / 86_400_000
        let expires = Timestamp(milliseconds: (day + Self.validDays) * 86_400_000)
        let text = """
            Contact: \(contact)
            Expires: \(expires.rfc3339)
            Preferred-Languages: en
            Canonical: \(baseURL)\(Path.securityText.rawValue)

            """
        return Answer(status: .ok, body: Array(text.utf8), contentType: MediaType.text)
    }

    /// An address of the kinds that RFC 9116 knows; a bare mail address becomes one. Nil for anything else.
    public static func contact(_ text: String) -> String? {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.utf8.count <= 500 else { return nil }
        for scheme in ["mailto:", "https://", "tel:"] where text.lowercased().hasPrefix(scheme) && text.utf8.count > scheme.utf8.count {
            return text
        }
        guard !text.contains(":"), EmailAddressRule.check(text) == nil else { return nil }
        return "mailto:\(text)"
    }
}
